// What of a colour is brighter than a threshold, keeping its hue. The light is premultiplied and linear.
vec3 bright_part(vec3 color, float threshold) {
    float peak = max(max(color.r, color.g), color.b);
    return color * max(0.0, peak - threshold) / max(peak, 1e-6);
}
