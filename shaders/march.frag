#include "march.glsl"

layout(location = 0) out vec4 o_color;

void main() {
    o_color = march(ivec2(gl_FragCoord.xy));
}
