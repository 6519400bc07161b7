// Twice the size by a 3x3 tent, mixed into what the finer level holds.
layout(binding = 0) uniform sampler2D u_color;  // the coarser level
uniform vec2 u_pixel;   // of this level, in texture coordinates
uniform vec2 u_coarse;  // pixel of the coarser level, in texture coordinates
uniform float u_share;
layout(location = 0) out vec4 o_color;

void main() {
    vec2 at = gl_FragCoord.xy * u_pixel;
    vec3 sum = vec3(0.0);
    for (int y = -1; y <= 1; ++y)
        for (int x = -1; x <= 1; ++x)
            sum += float((2 - abs(x)) * (2 - abs(y))) / 16.0 * textureLod(u_color, at + vec2(x, y) * u_coarse, 0.0).rgb;
    o_color = vec4(sum, u_share);
}
