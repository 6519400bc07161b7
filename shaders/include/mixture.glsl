#include "channels.glsl"
#include "uncertainty.glsl"

// Colour and extinction of a sample in every way of combining its classes that is not the default.
//
// PAPER: the classes of a sample lie one behind the other in look.order (spikes, membrane, lumen). The paper's text gives
// class i the opacity alpha_i = r_i(p_i) r_raw, uncorrected, and composites from front to back; its viewer multiplies that
// by step / 0.0025, which it notes to stand for the exact power. Here alpha_i is the opacity of the length 1 / opacity_i
// (2.65 nm in the preset: 0.0025 of the viewer's units in volumes of 1440 voxels of 0.61 nm), so the extinction is
// -ln(1 - alpha_i) opacity_i and holds for any step. Which class hides which is settled over PAPER_SAMPLE, the distance
// between the viewer's samples, whatever ours is: else a picture would depend on it.
const float PAPER_SAMPLE = 1.06;  // nm
const float PAPER_MOST = 0.98;    // alpha that counts as opaque; its logarithm must stay finite

vec3 color_of(int channel, float p) {
#if SIGNED
    if (p < 0.0) return look.negative[channel].rgb;
#endif
    return look.color[channel].rgb;
}

vec4 mixture_at(vec3 at) {
    vec4 p[GROUPS], r[GROUPS];
    channels_at(at, p);
    for (int g = 0; g < GROUPS; ++g) r[g] = ramp(p[g], g);
    float factor = raw_factor(r[0].x), sum = 0.0, through = 1.0;
    vec3 color = vec3(0.0);
    for (int k = 0; k < 4 * GROUPS; ++k) {
#if PAPER
        int i = int(look.order[k >> 2][k & 3]);
        float sigma = -log(1.0 - min(r[i >> 2][i & 3] * factor, PAPER_MOST)) * look.opacity[i >> 2][i & 3];
        float alpha = 1.0 - exp(-sigma * PAPER_SAMPLE);
        color += through * alpha * color_of(i, p[i >> 2][i & 3]);
        through *= 1.0 - alpha;
        sum += sigma;
    }
    color /= max(1.0 - through, 1e-9);
#else
        float sigma = look.opacity[k >> 2][k & 3] * r[k >> 2][k & 3];
        color += sigma * color_of(k, p[k >> 2][k & 3]);
        sum += sigma;
    }
    color /= max(sum, 1e-9);
    sum *= factor;
#endif
#if UNCERTAIN
    color = faded(color, look.uncertainty * uncertainty_at(at));
#endif
    return vec4(color, sum);
}
