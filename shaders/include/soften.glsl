// The noise of steps taken out of a picture: the pattern of `gradient_noise` has nearly every phase once in any 3 x 3
// pixels, so that their mean is what shorter steps would have shown. Neighbours beyond an edge do not count.
vec4 softened(sampler2D light, ivec2 pixel, ivec2 last) {
    vec4 middle = texelFetch(light, pixel, 0), sum = middle;
    float weights = 1.0;
    for (int y = -1; y <= 1; ++y)
        for (int x = -1; x <= 1; ++x) {
            if (x == 0 && y == 0) continue;
            vec4 other = texelFetch(light, clamp(pixel + ivec2(x, y), ivec2(0), last), 0);
            vec4 away = (other - middle) / (0.04 + 0.25 * max(other, middle));
            float weight = 1.0 / (1.0 + dot(away, away));
            sum += weight * other;
            weights += weight;
        }
    return sum / weights;
}
