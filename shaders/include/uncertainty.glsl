#include "groups.glsl"

// 0 sure to 1 no idea, from the probabilities of the classes and the background, which is what they leave over.
// Entropy: -sum p ln p over its maximum. Margin: one less the lead of the most probable over the next.
float uncertainty_at(vec3 at) {
    float background = 1.0, entropy = 0.0, first = 0.0, second = 0.0;
    for (int i = 0; i <= 4 * GROUPS; ++i) {
        if (i == 0) continue;  // the raw density
        float p = i < 4 * GROUPS ? group_at(i >> 2, at)[i & 3] : max(background, 0.0);
        background -= p;
        entropy -= p * log(max(p, 1e-6));
        second = max(second, min(p, first));
        first = max(first, p);
    }
    return clamp(look.uncertainty_margin != 0 ? 1.0 - (first - second) : entropy * look.uncertainty_scale, 0.0, 1.0);
}

// The same colour, fading to the grey of its luminance.
vec3 faded(vec3 color, float amount) {
    return mix(color, vec3(dot(color, vec3(0.2126, 0.7152, 0.0722))), amount);
}
