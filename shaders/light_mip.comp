// The next coarser level: the mean of eight. The padding makes every level an exact half of the one before.
layout(local_size_x = 4, local_size_y = 4, local_size_z = 4) in;
layout(binding = 0) uniform sampler3D u_levels;
layout(r16f, binding = 0) uniform writeonly image3D u_to;
uniform int u_from;

void main() {
    ivec3 cell = ivec3(gl_GlobalInvocationID);
    if (any(greaterThanEqual(cell, imageSize(u_to)))) return;
    float sum = 0.0;
    for (int i = 0; i < 8; ++i) sum += texelFetch(u_levels, 2 * cell + ivec3(i & 1, (i >> 1) & 1, i >> 2), u_from).r;
    imageStore(u_to, cell, vec4(sum / 8.0));
}
