// A small picture stretched over a large one, smoothly.
layout(binding = 0) uniform sampler2D u_color;
uniform vec2 u_size;  // of the large one, pixels
layout(location = 0) out vec4 o_color;

void main() {
    o_color = textureLod(u_color, gl_FragCoord.xy / u_size, 0.0);
}
