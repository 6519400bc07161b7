#include "units.glsl"
#include "blocks.glsl"

// The four channels of a group; ``at`` is 0..1 across the box.
#if SPLITS == 1
vec4 group_at(int group, vec3 at) {
    return textureLod(u_group[group], at, 0.0);
}
#else
// Of a volume cut into parts: each holds one voxel of its neighbours, so the same eight voxels are read as from one texture.
vec4 group_at(int group, vec3 at) {
    vec3 voxel = clamp(at, 0.0, 1.0) * vec3(box.shape);
    ivec3 part = min(ivec3(voxel) / box.part, box.parts - 1);
    vec3 first = vec3(max(part * box.part - 1, 0)), last = vec3(min((part + 1) * box.part + 1, box.shape));
    vec3 within = (voxel - first) / (last - first);
    int number = part.x + box.parts.x * (part.y + box.parts.y * part.z);
    vec4 value = vec4(0.0);
    for (int i = 0; i < SPLITS; ++i)  // an index that differs between pixels is not allowed
        if (i == number) value = textureLod(u_group[group + GROUPS * i], within, 0.0);
    return value;
}
#endif
