#include "blocks.glsl"

// Where TOGETHER, all classes are one, whose probability is 1 - p(background).
void fold_together(inout vec4 p[GROUPS]) {
    float raw = p[0].x, foreground = -raw;
    for (int g = 0; g < GROUPS; ++g) {
        foreground += p[g].x + p[g].y + p[g].z + p[g].w;
        p[g] = vec4(0.0);
    }
    p[0] = vec4(raw, min(foreground, 1.0), 0.0, 0.0);
}

// Stored scores (SIGNED) as values in -1..1, where ``zero`` is stored for 0; the raw density stays as it is.
vec4 signed_scores(vec4 p, int group, float zero) {
    vec4 score = clamp((p - zero) / (1.0 - zero), -1.0, 1.0);
    return group == 0 ? vec4(p.x, score.yzw) : score;
}

// r(p) = clip((p - low) / (high - low), 0, 1) for the four channels of a group. Scores that have a colour below zero have
// the mirror image of their ramp there.
vec4 ramp(vec4 p, int group) {
#if SIGNED
    p = mix(p, abs(p), look.mirrored[group]);
#endif
    return clamp((p - look.low[group]) * look.scale[group], 0.0, 1.0);
}

// What the raw density multiplies every class by.
float raw_factor(float r_raw) {
    return look.multiply != 0 ? r_raw : 1.0;
}
