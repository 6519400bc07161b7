// Occlusion and shadow of every cell that a sample can read.
#include "occlusion_cached.glsl"
#include "shadow_cached.glsl"

layout(local_size_x = 4, local_size_y = 4, local_size_z = 4) in;
layout(rg8, binding = 0) uniform writeonly image3D u_to;

// Whether linear filtering at a visible point can reach the cell: one of its neighbours lies in a visible brick.
bool reachable(ivec3 cell) {
    int edge = int(0.5 * box.brick);
    ivec3 low = max(cell - 1, ivec3(0)) / edge, high = min((cell + 1) / edge, box.bricks - 1);
    for (int z = low.z; z <= high.z; ++z)
        for (int y = low.y; y <= high.y; ++y)
            for (int x = low.x; x <= high.x; ++x)
                if (texelFetch(u_distance, ivec3(x, y, z), 0).r == 0u) return true;
    return false;
}

void main() {
    ivec3 cell = ivec3(gl_GlobalInvocationID);
    if (any(greaterThanEqual(cell, box.light_shape))) return;
    vec2 visibility = vec2(1.0);
    if (reachable(cell)) {
        vec3 point = (vec3(cell) + 0.5) * 2.0 * box.voxel;
        visibility = vec2(ambient_visibility_cached(point), light_visibility_cached(point));
    }
    imageStore(u_to, cell, vec4(visibility, 0.0, 0.0));
}
