// A line of a sketch with round ends, or the dark rim around it; sRGB, premultiplied.
uniform float u_rim;    // pixels; 0 where this is the line itself
uniform float u_faint;  // opacity of what is hidden
in vec2 v_at;
in float v_visible;
flat in vec4 v_line;
flat in vec3 v_color;
flat in float v_half_width;
layout(location = 0) out vec4 o_color;

void main() {
    vec2 along = v_line.zw - v_line.xy, from = v_at - v_line.xy;
    float t = clamp(dot(from, along) / max(dot(along, along), 1e-6), 0.0, 1.0);
    float alpha = clamp(v_half_width + 0.5 - distance(from, t * along), 0.0, 1.0) * mix(u_faint, 1.0, v_visible);
    o_color = u_rim > 0.0 ? vec4(0.0, 0.0, 0.0, 0.4 * alpha) : alpha * vec4(v_color, 1.0);
}
