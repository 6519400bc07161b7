// IEC 61966-2-1, both ways.
float linear_of(float srgb) {
    return srgb <= 0.04045 ? srgb / 12.92 : pow((srgb + 0.055) / 1.055, 2.4);
}

vec3 srgb_of(vec3 linear) {
    vec3 low = 12.92 * linear, high = 1.055 * pow(max(linear, vec3(1e-6)), vec3(1.0 / 2.4)) - 0.055;
    return mix(high, low, lessThanEqual(linear, vec3(0.0031308)));
}

// Up to 1 light is shown as it is, so that a fully lit flat class has the colour of its swatch. What is brighter keeps
// its hue and pales towards white instead of being cut channel by channel.
vec3 tone(vec3 color) {
    float peak = max(max(color.r, color.g), color.b);
    if (peak <= 1.0) return color;
    return mix(color / peak, vec3(1.0), 0.7 * (1.0 - exp(1.0 - peak)));
}
