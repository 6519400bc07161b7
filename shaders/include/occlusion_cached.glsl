#include "units.glsl"
#include "blocks.glsl"
#include "occlusion.glsl"

// A(x) with the ball stood in for by eight boxes around the corners of a cube, each one fetch from the mip of its size.
// Of all such, with the blur of linear filtering, this one cuts half spaces most like the ball does.
float ambient_visibility_cached(vec3 point) {
    float radius = look.occlusion_radius;
    vec3 centre = point + OCCLUSION_SHIFT * radius * look.to_light;
    float side = 0.71 * radius;
    float level = max(0.0, log2(0.56 * radius / box.cell));
    float sum = 0.0;
    for (int i = 0; i < 8; ++i) {
        vec3 corner = vec3(i & 1, (i >> 1) & 1, i >> 2) - 0.5;
        sum += textureLod(u_extinction, (centre + side * corner) / box.light_extent, level).r;
    }
    return exp(-OCCLUSION_DENSITY * radius * sum / 8.0);
}
