#include "units.glsl"
#include "noise.glsl"
#include "shadow.glsl"

// The disc of the light is shared among this many cones.
const int SHADOW_CONES = 3;
const float CONE_OFFSET = 0.52, CONE_RADIUS = 0.55;  // of the disc's radius

// Transmittance of a cone: where it is d wide, one fetch from the mip whose texels are d wide.
float cone_transmittance(vec3 point, vec3 direction) {
    float depth = 0.0, t = shadow_start() + 0.75 * box.cell;  // linear filtering looks back by as much
    while (t < look.shadow_reach && depth < SHADOW_DARKEST) {
        float width = 2.0 * t * CONE_RADIUS * look.light_slope;
        float advance = min(max(box.cell, width), look.shadow_reach - t);
        float level = max(0.0, log2(width / box.cell) - 0.75);  // linear filtering and the cells themselves widen what is read
        depth += textureLod(u_extinction, (point + (t + 0.5 * advance) * direction) / box.light_extent, level).g * advance;
        t += advance;
    }
    return exp(-depth);
}

float light_visibility_cached(vec3 point) {
    mat3 axes = frame_about(look.to_light);
    float sum = 0.0;
    for (int i = 0; i < SHADOW_CONES; ++i)
        sum += cone_transmittance(point, light_direction(axes, CONE_OFFSET, 6.2831853 * float(i) / float(SHADOW_CONES)));
    return sum / float(SHADOW_CONES);
}
