#include "units.glsl"
#include "ray.glsl"

// A ray from the start of its span on, as the bricks see it: what the march needs in every turn, computed once.
struct Course {
    vec3 start;   // in bricks
    vec3 pace;    // bricks per nm
    vec3 steps;   // that cross a brick along each axis, negative where the ray falls
    vec3 rising;  // 1 where the ray rises
};

Course course_of(Ray ray, vec2 span) {
    vec3 per_nm = 1.0 / (box.voxel * box.brick), d = off_axis(ray.direction);
    return Course((ray.origin + span.x * ray.direction) * per_nm, ray.direction * per_nm, 1.0 / (d * per_nm * view.step),
                  vec3(greaterThan(d, vec3(0.0))));
}

// How many whole steps lead from t nm along a course out of the empty bricks around it; 0 if its own brick shows something.
// An empty brick stays empty half a voxel beyond its faces (occupancy reads an apron), so rounding cannot skip matter.
int empty_steps(Course course, float t) {
    vec3 at = course.start + t * course.pace, brick = floor(at);
    int distance = int(texelFetch(u_distance, clamp(ivec3(brick), ivec3(0), box.bricks - 1), 0).r);
    if (SKIP == 0 || distance == 0) return 0;
    vec3 leave = (course.rising - (at - brick)) * course.steps + float(distance - 1) * abs(course.steps);
    return int(max(0.0, min(min(leave.x, leave.y), leave.z))) + 1;
}
