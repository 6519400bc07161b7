// Occlusion and shadow of every cell of the listed blocks.
#include "occlusion_cached.glsl"
#include "shadow_cached.glsl"
#include "light_list.glsl"

layout(local_size_x = 64) in;
layout(rg8, binding = 0) uniform writeonly image3D u_to;

void main() {
    uint number = gl_GlobalInvocationID.x + gl_NumWorkGroups.x * gl_WorkGroupSize.x * gl_GlobalInvocationID.y;
    if (number >= 8u * list.count) return;
    uint block = list.blocks[number >> 3], corner = number & 7u;
    uvec3 size = uvec3(box.light_shape) / 2u;
    uvec3 at = 2u * uvec3(block % size.x, block / size.x % size.y, block / (size.x * size.y));
    ivec3 cell = ivec3(at + uvec3(corner & 1u, (corner >> 1) & 1u, corner >> 2));
    vec3 point = (vec3(cell) + 0.5) * 2.0 * box.voxel;
    imageStore(u_to, cell, vec4(ambient_visibility_cached(point), light_visibility_cached(point), 0.0, 0.0));
}
