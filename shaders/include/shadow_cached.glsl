#include "volume.glsl"
#include "noise.glsl"
#include "shadow.glsl"

// S(x) by cones that share the disc of the light: one along its axis, the others around it. They share the disc around x
// too, each a third of a turn ahead of where it ends, so that no two of them lie side by side.
const int SHADOW_CONES = 8;
const float CONE_OFFSET = 0.82, CONE_RADIUS = 0.22;  // of the radius of the light's disc
const float FOOT_OFFSET = 0.65, FOOT_RADIUS = 0.28;  // of the radius of the disc around x
const float FOOT_AHEAD = 2.0943951;
const int SHADOW_NEAR = 4;  // steps of a cell's edge that look at every voxel: mips would smear a surface over itself

// Transmittance of a cone: where it is d wide, one fetch from the mip whose texels are d wide.
float cone_transmittance(vec3 from, vec3 direction) {
    float depth = 0.0, t = shadow_start();
    for (int i = 0; i < SHADOW_NEAR; ++i, t += box.cell)
        depth += extinction_within(from + (t + 0.5 * box.cell) * direction) * max(0.0, min(box.cell, look.shadow_reach - t));
    while (t < look.shadow_reach && depth < SHADOW_DARKEST) {
        float width = 2.0 * (FOOT_RADIUS * shadow_foot() + t * CONE_RADIUS * look.light_slope);
        float advance = min(max(box.cell, width), look.shadow_reach - t);
        float level = max(0.0, log2(width / box.cell) - 1.25);  // linear filtering and the cells themselves widen what is read
        depth += textureLod(u_extinction, (from + (t + 0.5 * advance) * direction) / box.light_extent, level).g * advance;
        t += advance;
    }
    return exp(-depth);
}

float light_visibility_cached(vec3 point) {
    mat3 axes = frame_about(look.to_light);
    float sum = 0.0;
    for (int i = 0; i < SHADOW_CONES; ++i) {
        float angle = 6.2831853 * float(i) / float(SHADOW_CONES - 1), out_ = i == 0 ? 0.0 : 1.0;
        vec3 from = foot_at(point, axes, FOOT_OFFSET * out_, angle + FOOT_AHEAD);
        sum += cone_transmittance(from, light_direction(axes, CONE_OFFSET * out_, angle));
    }
    return sum / float(SHADOW_CONES);
}
