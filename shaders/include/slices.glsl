#include "ray.glsl"
#include "groups.glsl"
#include "color.glsl"

// Planes across the box with the density on them.
const float MISSED = 1e30;

// How far along the ray the planes lie that it meets in the span of the whole box, the nearest first; else MISSED.
vec3 slice_hits(Ray ray, vec2 span) {
    vec3 t = (look.slice_at - ray.origin) / off_axis(ray.direction);
    float slack = 1e-4 * box.cell;  // for planes that are faces of the box
    for (int i = 0; i < 3; ++i)
        if (look.slice_at[i] < 0.0 || t[i] < span.x - slack || t[i] > span.y + slack) t[i] = MISSED;
    t.xy = vec2(min(t.x, t.y), max(t.x, t.y));
    t.yz = vec2(min(t.y, t.z), max(t.y, t.z));
    t.xy = vec2(min(t.x, t.y), max(t.x, t.y));
    return t;
}

// The density at a point as a slice shows it, in grey without light and shade: linear, premultiplied.
vec4 slice_color(vec3 point) {
    float density = group_at(0, clamp(point / box.extent, 0.0, 1.0)).x;
    float grey = linear_of(clamp((density - look.slice_grey.x) * look.slice_grey.y, 0.0, 1.0));
    return look.slice_opacity * vec4(vec3(grey), 1.0);
}
