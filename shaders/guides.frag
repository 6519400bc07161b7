// Lines by their distance, words from a texture; sRGB, premultiplied. What is behind the volume shows through it.
layout(binding = 0) uniform sampler2D u_light;  // of the tile: its alpha is how much of what is behind is hidden
layout(binding = 1) uniform sampler2D u_words;  // (letters, letters with a rim)
uniform vec2 u_offset, u_size;  // of this tile, pixels
uniform vec2 u_lit;             // the part of u_light that the tile fills
uniform vec3 u_halo;
in vec2 v_at;
flat in vec4 v_line;   // ends of a line; lower left of a word in the picture and in the texture
flat in vec4 v_color;  // alpha straight
flat in vec3 v_kind;   // half the width (a word: below zero), 1 if its ends are round, 1 if it is behind
layout(location = 0) out vec4 o_color;

float line_coverage() {
    vec2 along = v_line.zw - v_line.xy;
    float length = max(length(along), 1e-6);
    along /= length;
    vec2 from = v_at - v_line.xy;
    float t = dot(from, along), across = abs(along.x * from.y - along.y * from.x), half_width = max(v_kind.x, 0.5);
    float thin = min(1.0, v_kind.x / 0.5);  // thinner than a pixel is fainter
    if (v_kind.y > 0.5) return thin * clamp(half_width + 0.5 - distance(from, clamp(t, 0.0, length) * along), 0.0, 1.0);
    return thin * clamp(half_width + 0.5 - across, 0.0, 1.0) * clamp(min(t, length - t) + 0.5, 0.0, 1.0);
}

void main() {
    if (v_kind.x < 0.0) {
        vec2 ink = texelFetch(u_words, ivec2(floor(v_at - v_line.xy) + v_line.zw), 0).rg;
        float rim = 0.55 * max(ink.g - ink.r, 0.0);
        o_color = vec4(ink.r * v_color.rgb + rim * u_halo, ink.r + rim);
        return;
    }
    float alpha = v_color.a * line_coverage();
    if (v_kind.z > 0.5) alpha *= 1.0 - textureLod(u_light, (v_at - u_offset) / u_size * u_lit, 0.0).a;
    o_color = alpha * vec4(v_color.rgb, 1.0);
}
