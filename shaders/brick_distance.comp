// One axis of the Chebyshev distance to the nearest visible brick: d(b) = min over k of max(|k|, d(b + k)).
#include "blocks.glsl"

layout(local_size_x = 4, local_size_y = 4, local_size_z = 4) in;
layout(binding = 0) uniform usampler3D u_from;
layout(r8ui, binding = 0) uniform writeonly uimage3D u_to;
uniform ivec3 u_axis;

void main() {
    ivec3 brick = ivec3(gl_GlobalInvocationID);
    if (any(greaterThanEqual(brick, box.bricks))) return;
    int least = int(texelFetch(u_from, brick, 0).r);
    for (int k = 1; k < least; ++k) {  // what is farther than the nearest found cannot be nearer
        // Beyond the edge the brick there stands in, which is nearer and was looked at.
        ivec3 before = max(brick - k * u_axis, ivec3(0)), behind = min(brick + k * u_axis, box.bricks - 1);
        least = min(least, max(k, int(min(texelFetch(u_from, before, 0).r, texelFetch(u_from, behind, 0).r))));
    }
    imageStore(u_to, brick, uvec4(least));
}
