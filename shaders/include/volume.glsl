#include "channels.glsl"
#include "mixture.glsl"

#define COMBINED (TOGETHER || SIGNED || PAPER || UNCERTAIN)
#include "clip.glsl"

// Extinction, 1/nm: sigma = sum_i opacity_i r_i(p_i) r_raw. The point is in nm and must lie in the box.
float extinction_at(vec3 point) {
    vec3 at = point * (1.0 / box.extent);
    float sum = 0.0, factor = 1.0;
#if TOGETHER || SIGNED
    vec4 p[GROUPS];
    channels_at(at, p);
#endif
    for (int g = 0; g < GROUPS; ++g) {
#if TOGETHER || SIGNED
        vec4 r = ramp(p[g], g);
#else
        vec4 r = ramp(group_at(g, at), g);
#endif
        if (g == 0) factor = raw_factor(r.x);
        sum += dot(look.opacity[g], r);
    }
    return sum * factor;
}

// The same, nothing outside the box or where it is cut away.
float extinction_within(vec3 point) {
    return is_left(point) ? extinction_at(point) : 0.0;
}

// Colour (linear, the mean of the classes weighted by their extinction, so that their order does not matter) and
// extinction in .a.
vec4 material_at(vec3 point) {
    vec3 at = point * (1.0 / box.extent);
#if COMBINED
    return mixture_at(at);
#else
    vec3 color = vec3(0.0);
    float sum = 0.0, factor = 1.0;
    for (int g = 0; g < GROUPS; ++g) {
        vec4 r = ramp(group_at(g, at), g);
        if (g == 0) factor = raw_factor(r.x);
        vec4 weight = look.opacity[g] * r;
        sum += weight.x + weight.y + weight.z + weight.w;
        color += weight.x * look.color[4 * g].rgb + weight.y * look.color[4 * g + 1].rgb
               + weight.z * look.color[4 * g + 2].rgb + weight.w * look.color[4 * g + 3].rgb;
    }
    return vec4(color / max(sum, 1e-9), sum * factor);
#endif
}
