// One axis of the Chebyshev distance to the nearest visible brick: d(b) = min over k of max(|k|, d(b + k)).
#include "blocks.glsl"

layout(local_size_x = 4, local_size_y = 4, local_size_z = 4) in;
layout(binding = 0) uniform usampler3D u_from;
layout(r8ui, binding = 0) uniform writeonly uimage3D u_to;
uniform int u_farthest;
uniform ivec3 u_axis;

void main() {
    ivec3 brick = ivec3(gl_GlobalInvocationID);
    if (any(greaterThanEqual(brick, box.bricks))) return;
    int least = u_farthest;
    for (int k = -u_farthest; k <= u_farthest; ++k) {
        ivec3 at = brick + k * u_axis;
        if (any(lessThan(at, ivec3(0))) || any(greaterThanEqual(at, box.bricks))) continue;
        least = min(least, max(abs(k), int(texelFetch(u_from, at, 0).r)));
    }
    imageStore(u_to, brick, uvec4(least));
}
