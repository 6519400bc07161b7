// Means of the extinction of the eight children of a cell.
//
// One is the mean, what occlusion is defined by. The other is the extinction of a homogeneous cell that lets as much
// light through: along each axis the four columns of two children are four beams, and their transmittances are averaged,
// then the three axes'. A mean of extinction would let an opaque thing that fills half a cone block all of it.

// (mean, effective) of a cell from those of its children, whose edges are ``width`` nm: the means are summed up; the
// effective ones are (y, z) = (0, 0), (1, 0), (0, 1), (1, 1), at x = 0 in ``left``, at x = 1 in ``right``.
vec2 parent_of(float sum, vec4 left, vec4 right, float width) {
    vec4 along_x = exp(-width * (left + right));
    vec4 along_y = exp(-width * vec4(left.xz + left.yw, right.xz + right.yw));
    vec4 along_z = exp(-width * vec4(left.xy + left.zw, right.xy + right.zw));
    float through = dot(along_x + along_y + along_z, vec4(1.0 / 12.0));
    return vec2(sum / 8.0, -log(max(through, 1e-6)) / (2.0 * width));
}
