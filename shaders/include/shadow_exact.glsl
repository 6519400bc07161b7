#include "volume.glsl"
#include "noise.glsl"
#include "shadow.glsl"

// S(x) by rays spread evenly over both discs, turned and shifted at random: converges with rays, steps and frames.
const int SHADOW_RAYS = 12;
const int SHADOW_STEPS = 32;

float light_visibility_exact(vec3 point, uvec3 seed) {
    mat3 axes = frame_about(look.to_light);
    float turn = uniform_noise(seed), out_in = uniform_noise(seed + 1u), shift = uniform_noise(seed + 2u);
    float foot_turn = uniform_noise(seed + 3u), foot_out = uniform_noise(seed + 4u), sum = 0.0;
    float start = shadow_start(), span = max(0.0, look.shadow_reach - start);
    for (int i = 0; i < SHADOW_RAYS; ++i) {
        vec3 direction = light_direction(axes, sqrt((float(i) + out_in) / float(SHADOW_RAYS)), 6.2831853 * (float(i) * 0.61803399 + turn));
        vec3 from = foot_at(point, axes, sqrt(fract(float(i) * 0.75487767 + foot_out)), 6.2831853 * (float(i) * 0.56984029 + foot_turn));
        float depth = 0.0;
        for (int k = 0; k < SHADOW_STEPS && depth < SHADOW_DARKEST; ++k) {
            // Steps grow with the distance: what is near has the sharper edge.
            float a = float(k) / float(SHADOW_STEPS), b = float(k + 1) / float(SHADOW_STEPS);
            float within = fract(float(i) * 0.75487767 + shift);
            float t = start + span * mix(a * a, b * b, within);
            depth += span * (b * b - a * a) * extinction_within(from + t * direction);
        }
        sum += exp(-depth);
    }
    return sum / float(SHADOW_RAYS);
}
