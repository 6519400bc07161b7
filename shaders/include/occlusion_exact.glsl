#include "volume.glsl"
#include "noise.glsl"
#include "occlusion.glsl"

// A(x) by points spread evenly over the ball and turned at random: converges with OCCLUSION_POINTS.
const int OCCLUSION_POINTS = 96;

float ambient_visibility_exact(vec3 point, uvec3 seed) {
    float radius = look.occlusion_radius;
    vec3 centre = point + OCCLUSION_SHIFT * radius * look.to_light;
    float turn = uniform_noise(seed), lift = uniform_noise(seed + 1u), out_in = uniform_noise(seed + 2u);
    float sum = 0.0;
    for (int i = 0; i < OCCLUSION_POINTS; ++i) {
        float z = 2.0 * fract((float(i) + 0.5) / float(OCCLUSION_POINTS) + lift) - 1.0;
        float angle = 6.2831853 * fract(float(i) * 0.61803399 + turn);
        float r = radius * pow(fract(float(i) * 0.75487767 + out_in), 1.0 / 3.0);
        float across = sqrt(max(0.0, 1.0 - z * z));
        sum += extinction_within(centre + r * vec3(across * cos(angle), across * sin(angle), z));
    }
    return exp(-OCCLUSION_DENSITY * radius * sum / float(OCCLUSION_POINTS));
}
