#include "channels.glsl"
#include "ray.glsl"
#include "color.glsl"

// Projections: the largest or the mean density along what is left of a ray, in grey between the densities of
// look.contrast. Where classes lie along the ray they colour it, by the largest value of their ramps; in a maximum
// projection it is their own density that shows there.
//
// A mean over a few voxels is noise, and a dark or bright rim where rays cut an edge of the box. So a mean is taken over
// AVERAGED voxels at least, as if the usual density lay beyond: short rays fade to the grey of nothing. Who cuts out a
// slab that is thinner means it, and sees it in full.
//
// It is sampled at every half step, ends included, and from a fixed phase on: along the axes, samples fall on the voxels'
// centres, where the largest values are, and the trapezoidal rule gives their mean exactly.
const float AVERAGED = 10.0;

// The shortest way, nm, over which a mean is taken.
float averaged_at_least() {
    vec3 left = box.extent;
#if CLIPPED
    left = min(left, look.clip_high) - max(look.clip_low, vec3(0.0));
#endif
    return min(0.5 * AVERAGED * box.cell, min(min(left.x, left.y), left.z));
}

vec4 projection(Ray ray, vec2 span) {
    float length = span.y - span.x, pace = 0.5 * view.step;
    int steps = int(ceil(length / pace));
    float grey = 0.0, mean = 0.0, own = 0.0;
    vec4 cover[GROUPS];
    for (int g = 0; g < GROUPS; ++g) cover[g] = vec4(0.0);
    for (int i = 0; i <= steps; ++i) {
        float at = min(float(i) * pace, length);
        vec4 p[GROUPS];
        channels_at((ray.origin + (span.x + at) * ray.direction) / box.extent, p);
        float density = p[0].x, here = 0.0;
        for (int g = 0; g < GROUPS; ++g) {
            vec4 r = ramp(p[g], g) * vec4(greaterThan(look.opacity[g], vec4(0.0)));
            if (g == 0) r.x = 0.0;  // the density itself is grey
            cover[g] = max(cover[g], r);
            here = max(here, max(max(r.x, r.y), max(r.z, r.w)));
        }
        float shown = clamp((density - look.contrast.x) * look.contrast.y, 0.0, 1.0);
        grey = max(grey, shown);
        own = max(own, here * shown);
        mean += density * 0.5 * (min(at + pace, length) - max(float(i - 1) * pace, 0.0));  // the last interval is shorter
    }
    vec3 hue = vec3(0.0);
    float most = 0.0;
    for (int i = 0; i < 4 * GROUPS; ++i) {
        float share = cover[i >> 2][i & 3];
        hue += share * look.color[i].rgb;
        most = max(most, share);
    }
    hue /= max(max(max(hue.r, hue.g), hue.b), 1e-6);
#if AVERAGE
    float over = max(length, averaged_at_least());
    mean = (mean + look.usual * (over - length)) / over;
    grey = clamp((mean - look.contrast.x) * look.contrast.y, 0.0, 1.0);
#else
    grey = mix(grey, own / max(most, 1e-6), most);
#endif
    return vec4(linear_of(grey) * mix(vec3(1.0), hue, most), 1.0);
}
