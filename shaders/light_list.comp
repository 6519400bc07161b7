// Lists the blocks of cells to be lit: those with extinction in them or one cell around. The others are never seen and
// count as lit. Software drivers run both sides of a branch, so a list saves what an early return would not.
#include "units.glsl"
#include "blocks.glsl"
#include "light_list.glsl"

layout(local_size_x = 4, local_size_y = 4, local_size_z = 4) in;
layout(rg8, binding = 0) uniform writeonly image3D u_to;
layout(rg8, binding = 1) uniform writeonly image3D u_blocks;
uniform ivec3 u_first;

void main() {
    ivec3 block = u_first + ivec3(gl_GlobalInvocationID), size = box.light_shape / 2;
    if (any(greaterThanEqual(block, size))) return;
    float sum = 0.0;
    for (int i = 0; i < 8; ++i) {
        // A fetch between eight cells reads them all: eight of them cover the block and what is around it.
        vec3 corner = vec3(2 * block) + 2.0 * vec3(i & 1, (i >> 1) & 1, i >> 2);
        sum += textureLod(u_extinction, corner / vec3(box.light_shape), 0.0).r;
    }
    if (sum > 0.0) {
        list.blocks[atomicAdd(list.count, 1u)] = uint(block.x + size.x * (block.y + size.y * block.z));
        return;
    }
    imageStore(u_blocks, block, vec4(1.0));
    for (int i = 0; i < 8; ++i) imageStore(u_to, 2 * block + ivec3(i & 1, (i >> 1) & 1, i >> 2), vec4(1.0));
}
