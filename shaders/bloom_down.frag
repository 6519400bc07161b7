// Half the size: four bilinear fetches of four pixels each, a smooth kernel without gaps.
layout(binding = 0) uniform sampler2D u_color;
uniform vec2 u_pixel;  // of this level, in texture coordinates
layout(location = 0) out vec4 o_color;

void main() {
    vec2 at = gl_FragCoord.xy * u_pixel, h = 0.5 * u_pixel;
    o_color = 0.25 * (textureLod(u_color, at + vec2(-h.x, -h.y), 0.0) + textureLod(u_color, at + vec2(h.x, -h.y), 0.0)
                    + textureLod(u_color, at + vec2(-h.x, h.y), 0.0) + textureLod(u_color, at + vec2(h.x, h.y), 0.0));
}
