// Mean of the bright parts of u_factor x u_factor pixels of a tile: one pixel of the bloom's base, whatever the tile.
#include "bloom.glsl"

layout(binding = 0) uniform sampler2D u_color;
uniform int u_factor;
uniform ivec2 u_first;  // pixel of the base at the tile's lower left
uniform ivec2 u_size;   // of the tile, pixels
uniform float u_threshold, u_exposure;
layout(location = 0) out vec4 o_color;

void main() {
    ivec2 corner = (ivec2(gl_FragCoord.xy) - u_first) * u_factor;
    vec3 sum = vec3(0.0);
    for (int y = 0; y < u_factor; ++y)
        for (int x = 0; x < u_factor; ++x) {
            ivec2 at = corner + ivec2(x, y);
            if (all(lessThan(at, u_size))) sum += bright_part(u_exposure * texelFetch(u_color, at, 0).rgb, u_threshold);
        }
    o_color = vec4(sum / float(u_factor * u_factor), 1.0);
}
