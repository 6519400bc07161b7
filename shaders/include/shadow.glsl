#include "blocks.glsl"

// Soft shadow from a spherical light seen under the half-angle theta. S(x) is the mean, over the directions w of the
// light's disc and the points y of a disc of radius shadow_foot() around x that faces the light, of the transmittance
// exp(-integral from t0 to reach of sigma(y + t w) dt): what comes through the cone to the light, which is as wide at x as
// what a tomogram resolves. It starts t0 away, or a surface would lie in its own shadow by the fog of its own ramp.
const float SHADOW_FOOT = 2.0;   // nm, or as wide as a cell, but half as wide again at most
const float SHADOW_START = 4.0;  // nm, and at least a voxel
const float SHADOW_DARKEST = 6.0;  // optical depth behind which nothing more is lost

float shadow_start() {
    return max(SHADOW_START, 0.5 * box.cell);
}

float shadow_foot() {
    return clamp(box.cell, SHADOW_FOOT, 1.5 * SHADOW_FOOT);
}

// A direction of the light's disc, at a fraction of its radius and an angle; t along it counts from x as along the axis.
vec3 light_direction(mat3 axes, float fraction, float angle) {
    return axes * vec3(look.light_slope * fraction * vec2(cos(angle), sin(angle)), 1.0);
}

// A point of the disc around x, likewise.
vec3 foot_at(vec3 point, mat3 axes, float fraction, float angle) {
    return point + axes * vec3(shadow_foot() * fraction * vec2(cos(angle), sin(angle)), 0.0);
}
