#include "channels.glsl"
#include "skip.glsl"

// The surface where any class that is shown, multiplied by the raw ramp if that is on, rises through SURFACE_LEVEL.
const float SURFACE_LEVEL = 0.5;
const int SURFACE_HALVINGS = 7;

bool is_solid(vec3 point) {
    vec4 p[GROUPS];
    channels_at(point / box.extent, p);
    float most = 0.0, factor = 1.0;
    for (int g = 0; g < GROUPS; ++g) {
        vec4 r = ramp(p[g], g);
        if (g == 0) factor = raw_factor(r.x);
        r *= vec4(greaterThan(look.opacity[g], vec4(0.0)));
        most = max(most, max(max(r.x, r.y), max(r.z, r.w)));
    }
    return most * factor >= SURFACE_LEVEL;
}

// How far along what is left of a ray the surface lies, to a hundredth of a step; -1 if it misses. What is solid where
// the ray enters is seen there: a cut face.
float surface_along(Ray ray, vec2 span, float phase) {
    float length = span.y - span.x;
    int steps = int(ceil(length / view.step + 1.0 - phase));
    Course course = course_of(ray, span);
    int i = 0;
    float inside = 0.0;
    for (;;) {
        while (i < steps) {
            inside = clamp((float(i) + phase - 0.5) * view.step, 0.0, length);
            int empty = empty_steps(course, inside);
            if (empty == 0) break;
            i += empty;
        }
        if (i >= steps) return -1.0;
        if (is_solid(ray.origin + (span.x + inside) * ray.direction)) break;
        ++i;
    }
    float outside = max(inside - view.step, 0.0);
    for (int k = 0; k < SURFACE_HALVINGS; ++k) {
        float middle = 0.5 * (outside + inside);
        if (is_solid(ray.origin + (span.x + middle) * ray.direction)) inside = middle;
        else outside = middle;
    }
    return span.x + inside;
}
