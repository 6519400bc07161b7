// Interleaved gradient noise (Jimenez 2014): neighbouring pixels differ much, so what is left of the error is fine-grained.
float gradient_noise(vec2 pixel) {
    return fract(52.9829189 * fract(dot(pixel, vec2(0.06711056, 0.00583715))));
}

// Eight-by-eight ordered noise in -0.5..0.5 for dithering, each value once.
float ordered_noise(ivec2 pixel) {
    uint x = uint(pixel.x), y = uint(pixel.x ^ pixel.y), value = 0u;
    for (uint bit = 0u; bit < 3u; ++bit) value |= (((y >> bit) & 1u) << (5u - 2u * bit)) | (((x >> bit) & 1u) << (4u - 2u * bit));
    return (float(value) + 0.5) / 64.0 - 0.5;
}

// PCG hash (Jarzynski and Olano 2020).
uint hash(uint value) {
    uint state = value * 747796405u + 2891336453u;
    uint word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return (word >> 22u) ^ word;
}

float uniform_noise(uvec3 seed) {
    return float(hash(seed.x + hash(seed.y + hash(seed.z))) >> 8) / 16777216.0;
}

// Two axes that make a right-handed frame with a unit vector (Duff et al. 2017).
mat3 frame_about(vec3 n) {
    float s = n.z >= 0.0 ? 1.0 : -1.0;
    float a = -1.0 / (s + n.z), b = n.x * n.y * a;
    return mat3(vec3(1.0 + s * n.x * n.x * a, s * b, -s * n.x), vec3(b, s + n.y * n.y * a, -n.y), n);
}
