// Texture units, the same in every shader.
#if SPLITS == 1
layout(binding = 0) uniform sampler3D u_group[GROUPS];  // (raw, class, class, class), then four classes each
#else
layout(binding = PART_UNIT) uniform sampler3D u_group[GROUPS * SPLITS];  // the groups of the first part, of the second, ...
#endif
layout(binding = 4) uniform sampler3D u_light;          // (occlusion, shadow): what is left of ambient light and of the light
layout(binding = 5) uniform sampler3D u_extinction;     // 1/nm at half resolution with mips: (mean, effective)
layout(binding = 6) uniform usampler3D u_distance;      // of each brick to the nearest brick that shows anything, in bricks
