// Occlusion and shadow of some of the listed blocks: of each of their cells, or one value for a block.
#include "occlusion_cached.glsl"
#include "shadow_cached.glsl"
#include "light_list.glsl"

layout(local_size_x = 64) in;
layout(rg8, binding = 0) uniform writeonly image3D u_to;  // cells, or blocks
uniform int u_first, u_blocks;  // of the list
uniform int u_fine;             // 1 to light each cell by itself

void main() {
    int number = int(gl_GlobalInvocationID.x + gl_NumWorkGroups.x * gl_WorkGroupSize.x * gl_GlobalInvocationID.y);
    int values = u_fine != 0 ? 8 : 1;
    if (number >= values * u_blocks) return;
    uint block = list.blocks[u_first + number / values];
    uvec3 size = uvec3(box.light_shape) / 2u;
    ivec3 corner = 2 * ivec3(block % size.x, block / size.x % size.y, block / (size.x * size.y));
    int first = number % values;
    vec3 middle = u_fine != 0 ? vec3(corner_of(first)) + 0.5 : vec3(1.0);
    vec3 point = (vec3(corner) + middle) * 2.0 * box.voxel;
    vec4 light = vec4(ambient_visibility_cached(point), light_visibility_cached(point), 0.0, 0.0);
    imageStore(u_to, u_fine != 0 ? corner + corner_of(first) : corner / 2, light);
}
