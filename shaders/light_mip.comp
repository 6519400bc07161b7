// The next coarser level, of eight cells each; the padding makes every level an exact half of the one before.
#include "blocks.glsl"
#include "extinction.glsl"

layout(local_size_x = 4, local_size_y = 4, local_size_z = 4) in;
layout(binding = 0) uniform sampler3D u_levels;
layout(rg16f, binding = 0) uniform writeonly image3D u_to;
uniform ivec3 u_first;
uniform int u_from;

void main() {
    ivec3 cell = u_first + ivec3(gl_GlobalInvocationID);
    if (any(greaterThanEqual(cell, imageSize(u_to)))) return;
    float sum = 0.0;
    vec4 left, right;
    for (int i = 0; i < 4; ++i) {
        ivec3 child = 2 * cell + ivec3(0, i & 1, i >> 1);
        vec2 a = texelFetch(u_levels, child, u_from).rg, b = texelFetch(u_levels, child + ivec3(1, 0, 0), u_from).rg;
        sum += a.r + b.r;
        left[i] = a.g;
        right[i] = b.g;
    }
    imageStore(u_to, cell, vec4(parent_of(sum, left, right, box.cell * exp2(float(u_from))), 0.0, 0.0));
}
