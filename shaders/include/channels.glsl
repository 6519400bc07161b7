#include "groups.glsl"
#include "ramp.glsl"

// What the ramps see of all channels at a point; ``at`` is 0..1 across the box.
void channels_at(vec3 at, out vec4 p[GROUPS]) {
    for (int g = 0; g < GROUPS; ++g) p[g] = group_at(g, at);
#if TOGETHER
    fold_together(p);
#elif SIGNED
    for (int g = 0; g < GROUPS; ++g) p[g] = signed_scores(p[g], g, look.zero);
#endif
}
