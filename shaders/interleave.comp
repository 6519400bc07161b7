// Classes as a network gives them, volume after volume of bytes, into the four channels of a group. A channel that none of
// them belongs to, such as the raw density, stays as it is.
layout(local_size_x = 4, local_size_y = 4, local_size_z = 4) in;
layout(rgba8, binding = 0) uniform image3D u_group;
layout(std430, binding = 0) readonly buffer Classes {
    uint words[];
} classes;
uniform ivec3 u_size;   // voxels of each volume
uniform ivec3 u_from;   // voxel at which the box begins
uniform ivec3 u_to;     // texel at which it begins
uniform ivec3 u_count;  // voxels of the box
uniform int u_first;    // class of the first channel
uniform int u_classes;

float class_at(int number, ivec3 voxel) {
    int at = voxel.x + u_size.x * (voxel.y + u_size.y * (voxel.z + u_size.z * number));
    return float((classes.words[at >> 2] >> (8 * (at & 3))) & 255u) / 255.0;
}

void main() {
    ivec3 at = ivec3(gl_GlobalInvocationID);
    if (any(greaterThanEqual(at, u_count))) return;
    vec4 value = imageLoad(u_group, u_to + at);
    for (int c = 0; c < 4; ++c) {
        int number = u_first + c;
        if (number >= 0 && number < u_classes) value[c] = class_at(number, u_from + at);
    }
    imageStore(u_group, u_to + at, value);
}
