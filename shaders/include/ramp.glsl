#include "blocks.glsl"

// r(p) = clip((p - low) / (high - low), 0, 1) for the four channels of a group.
vec4 ramp(vec4 p, int group) {
    return clamp((p - look.low[group]) * look.scale[group], 0.0, 1.0);
}

// What the raw density multiplies every class by.
float raw_factor(float r_raw) {
    return look.multiply != 0 ? r_raw : 1.0;
}
