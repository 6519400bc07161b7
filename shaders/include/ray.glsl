#include "blocks.glsl"

struct Ray {
    vec3 origin;     // nm from the low corner of the box
    vec3 direction;  // unit
};

// The ray through a point of the picture, in pixels from its lower left corner.
Ray camera_ray(vec2 point) {
    vec2 at = (point - 0.5 * view.picture) / view.picture.y;
    vec3 across = at.x * view.across + at.y * view.upward;
    if (view.orthographic != 0) return Ray(view.eye + across, normalize(view.forward));
    return Ray(view.eye, normalize(view.forward + across));
}

// Keeps divisions by a component of a direction finite.
vec3 off_axis(vec3 direction) {
    return mix(direction, vec3(1e-7), lessThan(abs(direction), vec3(1e-7)));
}

// Where the ray enters and leaves the box, nm along it; empty if y <= x. Nothing behind the eye of a perspective.
vec2 box_span(Ray ray) {
    vec3 inverse = 1.0 / off_axis(ray.direction);
    vec3 a = -ray.origin * inverse;
    vec3 b = (box.extent - ray.origin) * inverse;
    vec3 near = min(a, b), far = max(a, b);
    float enter = max(max(near.x, near.y), near.z);
    if (view.orthographic == 0) enter = max(enter, 0.0);
    return vec2(enter, min(min(far.x, far.y), far.z));
}
