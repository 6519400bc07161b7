// Extinction at half resolution: the mean over a cell's eight voxels, the ramps applied before the mean.
#include "volume.glsl"

layout(local_size_x = 4, local_size_y = 4, local_size_z = 4) in;
layout(rg16f, binding = 0) uniform writeonly image3D u_to;

void main() {
    ivec3 cell = ivec3(gl_GlobalInvocationID);
    if (any(greaterThanEqual(cell, box.light_shape))) return;
    ivec3 brick = cell / int(0.5 * box.brick);
    bool visible = all(lessThan(brick, box.bricks)) && texelFetch(u_distance, min(brick, box.bricks - 1), 0).r == 0u;
    float sum = 0.0;
    int voxels = visible ? 8 : 0;  // as a loop's bound, since software drivers run what stands in a branch anyway
    for (int i = 0; i < voxels; ++i) {
        ivec3 voxel = 2 * cell + ivec3(i & 1, (i >> 1) & 1, i >> 2);
        vec3 point = (vec3(voxel) + 0.5) * box.voxel;
        if (all(lessThan(voxel, box.shape))) sum += share_left(point, box.voxel) * extinction_at(point);
    }
    imageStore(u_to, cell, vec4(sum / 8.0));
}
