// The raymarcher: one body for march.frag and march.comp. EXACT evaluates occlusion and shadow at every sample.
#include "ray.glsl"
#include "skip.glsl"
#include "volume.glsl"
#include "noise.glsl"
#include "slices.glsl"
#include "projection.glsl"
#include "surface.glsl"
#if EXACT
#include "occlusion_exact.glsl"
#include "shadow_exact.glsl"
#endif

// Samples taken after each look at the distance map: where something is, more of it follows.
const int RUN = EXACT == 1 ? 1 : 3;

// (ambient visibility, light visibility) at a point.
vec2 visibility_at(vec3 point, uvec3 seed) {
#if EXACT
    return vec2(ambient_visibility_exact(point, seed), light_visibility_exact(point, seed + 7u));
#else
    return textureLod(u_light, point * (1.0 / box.light_extent), 0.0).rg;
#endif
}

// What is left of the light after occlusion and shadow. The tint is never taken away: nothing is a black hole.
vec3 illumination(vec2 visibility) {
    float ambient = 1.0 - look.occlusion_strength * (1.0 - visibility.x);
    float direct = 1.0 - look.shadow_strength * (1.0 - visibility.y);
    return look.intensity * look.tint + look.intensity * (1.0 - look.tint) * (ambient * direct);
}

// Colour (linear, premultiplied) and opacity along a part of the ray of a pixel.
//
// The span is cut into steps from a random phase on; the first and last are shorter. Each stands for its whole length with
// alpha = 1 - exp(-sigma length), so the lengths add up to the span whatever the step.
vec4 march_span(Ray ray, vec2 span, vec2 pixel) {
    float length = span.y - span.x;
    if (length <= 0.0) return vec4(0.0);

    float phase = fract(gradient_noise(pixel) + view.phase);
#if MAXIMUM || AVERAGE
    return projection(ray, span);
#elif SURFACE
    float found = surface_along(ray, span, phase);
    if (found < 0.0) return vec4(0.0);
    vec3 there = ray.origin + found * ray.direction;
    return vec4(material_at(there).rgb * illumination(visibility_at(there, uvec3(pixel, 4096 * view.frame))), 1.0);
#else
    int steps = int(ceil(length / view.step + 1.0 - phase));
    vec3 color = vec3(0.0);
    float through = 1.0;
    float least = 1.0 - view.termination;
    Course course = course_of(ray, span);
    int i = 0;
    for (;;) {
        while (i < steps) {
            int empty = empty_steps(course, clamp((float(i) + phase - 0.5) * view.step, 0.0, length));
            if (empty == 0) break;
            i += empty;
        }
        if (i >= steps) break;
        for (int k = 0; k < RUN; ++k, ++i) {
            float end = (float(i) + phase) * view.step;  // of the step, in whose middle the sample lies
            vec3 point = ray.origin + (span.x + clamp(end - 0.5 * view.step, 0.0, length)) * ray.direction;
            vec4 material = material_at(point);
            // Past its end, or in the dark, a ray collects nothing: so the picture does not depend on where a run began.
            float thickness = max(0.0, min(length, end) - max(0.0, end - view.step));
            float depth = through < least ? 0.0 : material.a * thickness;
            if (EXACT == 1 && material.a <= 1e-4) continue;
            float alpha = 1.0 - exp(-depth);
            vec3 light = illumination(visibility_at(point, uvec3(pixel, i + 4096 * view.frame)));
            color += through * alpha * material.rgb * light;
            through *= 1.0 - alpha;
        }
        // What would still come is less than can be seen: the ray ends as if it were opaque.
        if (through < least) return vec4(color / (1.0 - through), 1.0);
    }
    return vec4(color, 1.0 - through);
#endif
}

// The same for a pixel of this tile. Planes of density divide what is left of the ray: each is laid between what is before
// it and what is behind.
vec4 march(ivec2 tile_pixel) {
    vec2 pixel = vec2(tile_pixel + view.offset);
    Ray ray = camera_ray(pixel + 0.5 + view.subpixel);
    vec2 whole = box_span(ray), span = clip_span(ray, whole);
#if SLICES
    vec3 hits = slice_hits(ray, whole);
    vec4 sum = vec4(0.0);
    for (int i = 0; i < 4 && 1.0 - sum.a >= 1.0 - view.termination; ++i) {
        float hit = i < 3 ? hits[i] : MISSED;
        float end = max(span.x, min(hit, span.y));
        sum += (1.0 - sum.a) * march_span(ray, vec2(span.x, end), pixel);
        if (hit < MISSED) sum += (1.0 - sum.a) * slice_color(ray.origin + hit * ray.direction);
        span.x = end;
    }
    return sum;
#else
    return march_span(ray, span, pixel);
#endif
}
