// From light to pixels: bloom, exposure, tone, background, sRGB, dither.
#include "color.glsl"
#include "noise.glsl"
#include "soften.glsl"

layout(binding = 0) uniform sampler2D u_color;  // of the tile
layout(binding = 1) uniform sampler2D u_bloom;  // of the whole picture
uniform ivec2 u_corner;      // of the viewport in the framebuffer
uniform ivec2 u_offset;      // of the tile in the picture
uniform ivec2 u_size;        // of the tile, pixels
uniform vec2 u_bloom_pixel;  // one pixel of the picture, in coordinates of the bloom texture
uniform int u_soften;        // 1 if no other frames will even out the noise of the steps
uniform float u_exposure, u_bloom_strength;
uniform vec3 u_background, u_background_top;  // linear
uniform float u_row;         // one row of pixels, as a part of the picture's height
uniform int u_transparent;
layout(location = 0) out vec4 o_color;

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy) - u_corner;
    vec4 light = u_soften != 0 ? softened(u_color, pixel, u_size - 1) : texelFetch(u_color, pixel, 0);
    vec3 glow = u_bloom_strength * textureLod(u_bloom, (vec2(pixel + u_offset) + 0.5) * u_bloom_pixel, 0.0).rgb;
    vec3 color = u_exposure * light.rgb + glow;
    float alpha = light.a;
    if (u_transparent != 0) {
        // The glow beyond the object covers as much as it shines; colours are straight, not multiplied by alpha.
        alpha = 1.0 - (1.0 - alpha) * (1.0 - min(1.0, max(max(glow.r, glow.g), glow.b)));
        color = alpha > 0.0 ? color / alpha : vec3(0.0);
    } else {
        // Between roots, which are nearly as even to the eye as sRGB is.
        vec3 ground = mix(sqrt(u_background), sqrt(u_background_top), (float(pixel.y + u_offset.y) + 0.5) * u_row);
        color += (1.0 - alpha) * ground * ground;
        alpha = 1.0;
    }
    float dither = 0.98 * ordered_noise(pixel + u_offset) / 255.0;  // less than half a step: exact values stay exact
    o_color = vec4(clamp(srgb_of(tone(color)) + dither, 0.0, 1.0), alpha);
}
