#include "units.glsl"
#include "ray.glsl"

// How many whole steps lead from a point out of the empty bricks around it; 0 if its own brick shows something.
// An empty brick stays empty half a voxel beyond its faces (occupancy reads an apron), so rounding cannot skip matter.
int empty_steps(vec3 point, vec3 direction) {
    vec3 size = box.voxel * box.brick;
    ivec3 brick = clamp(ivec3(floor(point / size)), ivec3(0), box.bricks - 1);
    int distance = int(texelFetch(u_distance, brick, 0).r);
    if (SKIP == 0 || distance == 0) return 0;
    vec3 low = vec3(brick - (distance - 1)) * size, high = vec3(brick + distance) * size;
    vec3 d = off_axis(direction);
    vec3 leave = (mix(low, high, greaterThan(d, vec3(0.0))) - point) / d;
    float exit = max(0.0, min(min(leave.x, leave.y), leave.z));
    return int(exit / view.step) + 1;
}
