#include "groups.glsl"

// 0 sure to 1 no idea, from the probabilities of the classes and the background, which is what they leave over.
// Entropy: -sum p ln p over its maximum. Margin: one less the lead of the most probable over the next.
float uncertainty_at(vec3 at) {
    float background = 1.0, entropy = 0.0, first = 0.0, second = 0.0;
    for (int g = 0; g <= GROUPS; ++g) {
        vec4 p = g < GROUPS ? group_at(min(g, GROUPS - 1), at) : vec4(max(background, 0.0), 0.0, 0.0, 0.0);
        if (g == 0) p.x = 0.0;  // the raw density
        background -= p.x + p.y + p.z + p.w;
        entropy -= dot(p, log(max(p, 1e-6)));
        for (int i = 0; i < 4; ++i) {
            second = max(second, min(p[i], first));
            first = max(first, p[i]);
        }
    }
    return clamp(look.uncertainty_margin != 0 ? 1.0 - (first - second) : entropy * look.uncertainty_scale, 0.0, 1.0);
}

// The same colour, fading to the grey of its luminance.
vec3 faded(vec3 color, float amount) {
    return mix(color, vec3(dot(color, vec3(0.2126, 0.7152, 0.0722))), amount);
}
