#include "units.glsl"

// The four channels of a group; ``at`` is 0..1 across the box.
vec4 group_at(int group, vec3 at) {
    return textureLod(u_group[group], at, 0.0);
}
