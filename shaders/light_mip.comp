// The next coarser level, of eight cells each; the padding makes every level an exact half of the one before.
//
// .r is the mean of extinction, what occlusion is defined by. .g is the extinction of a homogeneous cell that lets as
// much light through: along each axis the four columns of two cells are four beams, and their transmittances are
// averaged, then the three axes'. A mean of extinction would let an opaque thing that fills half a cone block all of it.
#include "blocks.glsl"

layout(local_size_x = 4, local_size_y = 4, local_size_z = 4) in;
layout(binding = 0) uniform sampler3D u_levels;
layout(rg16f, binding = 0) uniform writeonly image3D u_to;
uniform int u_from;

void main() {
    ivec3 cell = ivec3(gl_GlobalInvocationID);
    if (any(greaterThanEqual(cell, imageSize(u_to)))) return;
    float mean = 0.0;
    float beam[12] = float[12](0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (int i = 0; i < 8; ++i) {
        ivec3 child = ivec3(i & 1, (i >> 1) & 1, i >> 2);
        vec2 extinction = texelFetch(u_levels, 2 * cell + child, u_from).rg;
        mean += extinction.r / 8.0;
        beam[child.y + 2 * child.z] += extinction.g;
        beam[4 + child.x + 2 * child.z] += extinction.g;
        beam[8 + child.x + 2 * child.y] += extinction.g;
    }
    float width = box.cell * exp2(float(u_from)), through = 0.0;
    for (int b = 0; b < 12; ++b) through += exp(-beam[b] * width) / 12.0;
    imageStore(u_to, cell, vec4(mean, -log(max(through, 1e-6)) / (2.0 * width), 0.0, 0.0));
}
