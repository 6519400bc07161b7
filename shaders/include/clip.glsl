#include "ray.glsl"

// What is cut away: a box and planes, where anything is (CLIPPED).

// What is left of a ray's span. What is left of the box is convex, so one span stays one span: no sample needs a test, and
// a cut face lies where it lies, not at the next sample.
vec2 clip_span(Ray ray, vec2 span) {
#if CLIPPED
    vec3 inverse = 1.0 / off_axis(ray.direction);
    vec3 a = (look.clip_low - ray.origin) * inverse, b = (look.clip_high - ray.origin) * inverse;
    vec3 near = min(a, b), far = max(a, b);
    span.x = max(span.x, max(max(near.x, near.y), near.z));
    span.y = min(span.y, min(min(far.x, far.y), far.z));
    for (int i = 0; i < look.clip_count; ++i) {
        vec4 plane = look.clip_plane[i];
        float towards = dot(plane.xyz, ray.direction), beyond = plane.w - dot(plane.xyz, ray.origin);
        if (abs(towards) < 1e-7) span.y = beyond < 0.0 ? span.x : span.y;  // along the plane: all or nothing
        else if (towards > 0.0) span.y = min(span.y, beyond / towards);
        else span.x = max(span.x, beyond / towards);
    }
#endif
    return span;
}

// Whether a point is in the box and not cut away.
bool is_left(vec3 point) {
#if CLIPPED
    bool left = all(greaterThanEqual(point, look.clip_low)) && all(lessThanEqual(point, look.clip_high));
    for (int i = 0; i < look.clip_count; ++i) left = left && dot(look.clip_plane[i].xyz, point) <= look.clip_plane[i].w;
    return left;
#else
    return all(greaterThanEqual(point, vec3(0.0))) && all(lessThanEqual(point, box.extent));
#endif
}

// How much of a voxel is left: shares, so that the light on an oblique cut does not show the voxels as stairs.
float share_left(vec3 centre, vec3 voxel) {
#if CLIPPED
    vec3 low = clamp((centre - look.clip_low) / voxel + 0.5, 0.0, 1.0), high = clamp((look.clip_high - centre) / voxel + 0.5, 0.0, 1.0);
    vec3 along = max(low + high - 1.0, 0.0);
    float share = along.x * along.y * along.z;
    for (int i = 0; i < look.clip_count; ++i) {
        vec4 plane = look.clip_plane[i];
        float width = dot(abs(plane.xyz), voxel);  // of the voxel across the plane
        share *= clamp((plane.w - dot(plane.xyz, centre)) / width + 0.5, 0.0, 1.0);
    }
    return share;
#else
    return 1.0;
#endif
}
