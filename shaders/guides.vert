// A rectangle around each line or word, in pixels of the whole picture.
layout(location = 0) in vec2 a_at;
layout(location = 1) in vec4 a_line;
layout(location = 2) in vec4 a_color;
layout(location = 3) in vec3 a_kind;
uniform vec2 u_offset, u_size;  // of this tile, pixels
out vec2 v_at;
flat out vec4 v_line;
flat out vec4 v_color;
flat out vec3 v_kind;

void main() {
    v_at = a_at;
    v_line = a_line;
    v_color = a_color;
    v_kind = a_kind;
    gl_Position = vec4(2.0 * (a_at - u_offset) / u_size - 1.0, 0.0, 1.0);
}
