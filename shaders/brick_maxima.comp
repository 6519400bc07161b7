// The largest value of each of four channels in a brick and one voxel around it, which linear filtering can reach; of
// scores the largest that is meant by either sign.
#include "ramp.glsl"

layout(local_size_x = 4, local_size_y = 4, local_size_z = 4) in;
layout(binding = 0) uniform sampler3D u_channels;
layout(rgba8, binding = 0) uniform writeonly image3D u_maxima;
uniform ivec3 u_first;   // brick
uniform ivec3 u_count;   // bricks
uniform ivec3 u_corner;  // voxel that is the texture's first texel
uniform int u_number;    // of the group
uniform float u_zero;    // what is stored for a score of 0; maxima are taken before there is a look

void main() {
    ivec3 brick = u_first + ivec3(gl_GlobalInvocationID);
    if (any(greaterThanEqual(gl_GlobalInvocationID, uvec3(u_count)))) return;
    ivec3 low = max(brick * int(box.brick) - 1, ivec3(0));
    ivec3 high = min((brick + 1) * int(box.brick), box.shape - 1);
    vec4 most = vec4(0.0);
    for (int z = low.z; z <= high.z; ++z)
        for (int y = low.y; y <= high.y; ++y)
            for (int x = low.x; x <= high.x; ++x) {
                vec4 p = texelFetch(u_channels, ivec3(x, y, z) - u_corner, 0);
#if SIGNED
                p = abs(signed_scores(p, u_number, u_zero));
#endif
                most = max(most, p);
            }
    imageStore(u_maxima, brick, ceil(255.0 * most - 1e-3) / 255.0);  // of 16 bits too, no less than what is there
}
