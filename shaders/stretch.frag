// A small picture stretched over a large one by a quadratic B-spline, four bilinear fetches: pixels become no squares.
layout(binding = 0) uniform sampler2D u_color;
uniform vec2 u_size;  // of the large one, pixels
layout(location = 0) out vec4 o_color;

void main() {
    vec2 small = vec2(textureSize(u_color, 0));
    vec2 at = gl_FragCoord.xy / u_size;
    vec2 within = fract(at * small);
    vec2 away = (within * (within - 1.0) + 0.5) / small;
    vec4 a = vec4(at - away, at + away);
    o_color = 0.25 * (textureLod(u_color, a.xy, 0.0) + textureLod(u_color, a.xw, 0.0) + textureLod(u_color, a.zy, 0.0) + textureLod(u_color, a.zw, 0.0));
}
