// The blocks of 2 x 2 x 2 cells that samples can read, as numbers counted along x, then y, then z.
layout(std430, binding = 0) buffer List {
    uint count;
    uint blocks[];
} list;

// The eight corners of a cube, or cells of a block.
ivec3 corner_of(int number) {
    return ivec3(number & 1, (number >> 1) & 1, number >> 2);
}
