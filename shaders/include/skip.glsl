#include "units.glsl"
#include "ray.glsl"

// How many whole steps lead from a point out of the empty bricks around it; 0 if its own brick shows something.
// An empty brick stays empty half a voxel beyond its faces (occupancy reads an apron), so rounding cannot skip matter.
int empty_steps(vec3 point, vec3 direction) {
    // What does not depend on the point is the same in every turn of the march: compilers take it out of the loop.
    vec3 size = box.voxel * box.brick, per_nm = 1.0 / size, d = off_axis(direction);
    vec3 steps = size / (d * view.step);  // that cross a brick, negative where the ray falls
    vec3 rising = vec3(greaterThan(d, vec3(0.0)));

    vec3 at = point * per_nm, brick = floor(at);
    int distance = int(texelFetch(u_distance, clamp(ivec3(brick), ivec3(0), box.bricks - 1), 0).r);
    if (SKIP == 0 || distance == 0) return 0;
    vec3 leave = (rising - (at - brick)) * steps + float(distance - 1) * abs(steps);
    return int(max(0.0, min(min(leave.x, leave.y), leave.z))) + 1;
}
