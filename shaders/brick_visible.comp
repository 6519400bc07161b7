// Which bricks show anything under the present ramps: 0, else the farthest distance. Ramps only rise, so a brick whose
// largest values show nothing is empty.
#include "ramp.glsl"

layout(local_size_x = 4, local_size_y = 4, local_size_z = 4) in;
layout(binding = 0) uniform sampler3D u_maxima[GROUPS];
layout(r8ui, binding = 0) uniform writeonly uimage3D u_visible;
uniform int u_farthest;

void main() {
    ivec3 brick = ivec3(gl_GlobalInvocationID);
    if (any(greaterThanEqual(brick, box.bricks))) return;
    float most = 0.0, factor = 1.0;
    vec4 p[GROUPS];
    for (int g = 0; g < GROUPS; ++g) p[g] = texelFetch(u_maxima[g], brick, 0);
#if TOGETHER
    fold_together(p);
#endif
    for (int g = 0; g < GROUPS; ++g) {
        vec4 r = ramp(p[g], g);
        if (g == 0) factor = raw_factor(r.x);
        most += dot(look.opacity[g], r);
    }
    imageStore(u_visible, brick, uvec4(most * factor > 0.0 ? 0 : u_farthest));
}
