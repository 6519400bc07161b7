// A rectangle around each line of a sketch, in pixels. How much of an end is seen comes from what the light is made of.
#include "units.glsl"
#include "blocks.glsl"
layout(location = 0) in vec3 a_start;  // nm from the low corner of the box
layout(location = 1) in vec3 a_end;
layout(location = 2) in vec3 a_color;
layout(location = 3) in float a_width;  // pixels
uniform vec2 u_picture;                 // its size, pixels
uniform vec2 u_offset, u_size;          // of the tile in it, pixels
uniform float u_scale;                  // how many pixels one of a_width is
uniform float u_rim;                    // pixels around the line
out vec2 v_at;
out float v_visible;
flat out vec4 v_line;
flat out vec3 v_color;
flat out float v_half_width;

const int STEPS = 24;
const float NEAR = 0.02;  // of the distance to the target: nothing nearer is drawn

// How far along the view a point is; 1 at the target.
float depth_of(vec3 point) {
    return dot(point - view.eye, view.forward) / dot(view.forward, view.forward);
}

vec2 pixel_of(vec3 point) {
    vec3 from = point - view.eye;
    vec2 at = vec2(dot(from, view.across), dot(from, view.upward)) / dot(view.across, view.across);
    if (view.orthographic == 0) at /= depth_of(point);
    return at * u_picture.y + 0.5 * u_picture;
}

// What is left of light from a point on its way to the eye. A mark on a surface is not hidden by that surface: the way begins
// two cells before it.
float visible_from(vec3 point) {
    vec3 to_eye = view.orthographic != 0 ? -normalize(view.forward) : normalize(view.eye - point);
    float reach = length(box.extent), start = 2.0 * box.cell;
    if (view.orthographic == 0) reach = min(reach, distance(point, view.eye));
    float step = max(0.0, reach - start) / float(STEPS);
    float level = max(0.0, log2(step / box.cell)), depth = 0.0;
    for (int i = 0; i < STEPS; ++i) {
        vec3 at = point + (start + (float(i) + 0.5) * step) * to_eye;
        if (all(greaterThanEqual(at, vec3(0.0))) && all(lessThan(at, box.extent))) {
            depth += step * textureLod(u_extinction, at / box.light_extent, level).g;
        }
    }
    return exp(-depth);
}

void main() {
    vec3 start = a_start, end = a_end;
    v_color = a_color;
    v_half_width = 0.5 * u_scale * a_width + u_rim;
    if (view.orthographic == 0) {
        float a = depth_of(start), b = depth_of(end);
        if (max(a, b) <= NEAR) {
            gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
            v_at = vec2(0.0);
            v_visible = 0.0;
            v_line = vec4(0.0);
            return;
        }
        if (a < NEAR) start = mix(start, end, (NEAR - a) / (b - a));
        if (b < NEAR) end = mix(end, start, (NEAR - b) / (depth_of(start) - b));
    }
    vec2 from = pixel_of(start), to = pixel_of(end);
    vec2 along = distance(from, to) > 1e-3 ? normalize(to - from) : vec2(1.0, 0.0);
    bool second = gl_VertexID == 1 || gl_VertexID == 2 || gl_VertexID == 4;
    bool left = gl_VertexID == 2 || gl_VertexID == 4 || gl_VertexID == 5;
    float grown = v_half_width + 1.0;
    v_at = (second ? to + grown * along : from - grown * along) + (left ? grown : -grown) * vec2(-along.y, along.x);
    v_line = vec4(from, to);
    v_visible = visible_from(second ? end : start);
    gl_Position = vec4(2.0 * (v_at - u_offset) / u_size - 1.0, 0.0, 1.0);
}
