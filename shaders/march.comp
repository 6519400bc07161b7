#include "march.glsl"

layout(local_size_x = 8, local_size_y = 8) in;
layout(rgba32f, binding = 0) uniform image2D u_target;
uniform ivec2 u_corner, u_size;
uniform float u_share;

void main() {
    ivec2 pixel = u_corner + ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(pixel, u_corner + u_size))) return;
    vec4 color = march(pixel);
    if (u_share < 1.0) color = mix(imageLoad(u_target, pixel), color, u_share);
    imageStore(u_target, pixel, color);
}
