#include "volume.glsl"
#include "noise.glsl"
#include "shadow.glsl"

// S(x) by points spread evenly over the disc at every step, turned and shifted at random: converges with both numbers.
const int SHADOW_POINTS = 6;
const int SHADOW_STEPS = 48;

float light_visibility_exact(vec3 point, uvec3 seed) {
    mat3 axes = frame_about(look.to_light);
    float from = shadow_start(), turn = uniform_noise(seed), shift = uniform_noise(seed + 1u), depth = 0.0;
    float span = max(0.0, look.shadow_reach - from);
    for (int k = 0; k < SHADOW_STEPS && depth < 6.0; ++k) {
        // Steps grow with the distance, as the disc does.
        float a = float(k) / float(SHADOW_STEPS), b = float(k + 1) / float(SHADOW_STEPS);
        float start = span * a * a, stop = span * b * b, sum = 0.0;
        for (int i = 0; i < SHADOW_POINTS; ++i) {
            float t = from + mix(start, stop, fract(float(i) * 0.75487767 + shift));
            float r = t * look.light_slope * sqrt((float(i) + 0.5) / float(SHADOW_POINTS));
            float angle = 6.2831853 * fract(float(i + k * SHADOW_POINTS) * 0.61803399 + turn);
            sum += extinction_within(point + axes * vec3(r * cos(angle), r * sin(angle), t));
        }
        depth += (stop - start) * sum / float(SHADOW_POINTS);
    }
    return exp(-depth);
}
