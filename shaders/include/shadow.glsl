#include "blocks.glsl"

// Soft shadow from a spherical light seen under the half-angle theta: with D(t) the disc of radius t tan(theta) around
// x + t l, S(x) = exp(-integral from t0 to reach of <sigma>_D(t) dt), the transmittance of the cone's mean extinction.
// It starts SHADOW_START away, or a surface would lie in its own shadow by the fog of its own ramp.
const float SHADOW_START = 4.0;  // nm

float shadow_start() {
    return max(SHADOW_START, 0.5 * box.cell);
}
