#include "units.glsl"
#include "shadow.glsl"

// S(x) stepped along the cone's axis: where the cone is d wide, one fetch from the mip whose texels are d wide.
float light_visibility_cached(vec3 point) {
    float depth = 0.0, t = shadow_start();
    while (t < look.shadow_reach && depth < 6.0) {
        float width = 2.0 * t * look.light_slope;
        float advance = min(max(box.cell, width), look.shadow_reach - t);
        float level = max(0.0, log2(width / box.cell) - 0.5);
        vec3 at = point + (t + 0.5 * advance) * look.to_light;
        depth += textureLod(u_extinction, at / box.light_extent, level).r * advance;
        t += advance;
    }
    return exp(-depth);
}
