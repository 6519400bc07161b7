// Extinction at half resolution, the ramps applied before anything is averaged: .r the mean over a cell's eight voxels,
// .g that of a homogeneous cell that lets as much light through (see light_mip.comp).
#include "volume.glsl"
#include "extinction.glsl"

layout(local_size_x = 4, local_size_y = 4, local_size_z = 4) in;
layout(rg16f, binding = 0) uniform writeonly image3D u_to;
uniform ivec3 u_first;

// Extinction near the centre of a voxel. What a ray meets is interpolated between voxels before the ramps, and is by that
// smoother than what lies at their centres: on average by as much as 0.211 of a voxel away from them. Half of the shifts
// along an axis point each way.
float extinction_between(ivec3 voxel, int x) {
    if (any(greaterThanEqual(voxel, box.shape))) return 0.0;
    ivec3 at = ivec3(x, voxel.yz & 1);
    vec3 centre = vec3(voxel) + 0.5, shift = 0.211 * vec3(1 - 2 * (at.yzx ^ at.zxy));
    return share_left(centre * box.voxel, box.voxel) * extinction_at((centre + shift) * box.voxel);
}

void main() {
    ivec3 cell = u_first + ivec3(gl_GlobalInvocationID);
    if (any(greaterThanEqual(cell, box.light_shape))) return;
    ivec3 brick = cell / int(0.5 * box.brick);
    bool visible = all(lessThan(brick, box.bricks)) && texelFetch(u_distance, min(brick, box.bricks - 1), 0).r == 0u;
    vec4 left = vec4(0.0), right = vec4(0.0);
    int pairs = visible ? 4 : 0;  // as a loop's bound, since software drivers run what stands in a branch anyway
    for (int i = 0; i < pairs; ++i) {
        ivec3 voxel = 2 * cell + ivec3(0, i & 1, i >> 1);
        vec4 one = vec4(equal(ivec4(i), ivec4(0, 1, 2, 3)));
        left += one * extinction_between(voxel, 0);
        right += one * extinction_between(voxel + ivec3(1, 0, 0), 1);
    }
    imageStore(u_to, cell, vec4(parent_of(dot(left + right, vec4(1.0)), left, right, 0.5 * box.cell), 0.0, 0.0));
}
