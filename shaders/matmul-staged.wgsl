// Variant: a workgroup makes TILE_ROWS x TILE_COLUMNS products through workgroup memory, eight steps of k at a time; a thread makes 8 x 8
// of them. Each value is loaded from memory once a workgroup, in blocks of four by four (matmul-operands*.wgsl), and laid down so that
// four rows or columns of one step are one vec4. While one slice is multiplied the next is on its way from memory into
// registers, and slices lie in two places in turn, so that one barrier a slice is enough. Of 128 x 128 that is 16 KiB, the least
// WebGPU grants. For GPUs: on a CPU, barriers and workgroup memory cost more than they save, and a software adapter
// compiles 0.13 s for each KiB, for the zeros it begins with.
// A thread's left and right columns are half a tile apart, so that neighbours read neighbouring vec4s.

const depth = 8u;
const threadsAcross = TILE_COLUMNS / 8u;
const foursOfA = TILE_ROWS / 4u;
const foursOfB = TILE_COLUMNS / 4u;
const blocksOfA = foursOfA * (depth / 4u);
const blocksOfB = foursOfB * (depth / 4u); // with those of A no more than there are threads

var<workgroup> slicesA: array<vec4f, 2u * depth * foursOfA>; // [2, depth, foursOfA]
var<workgroup> slicesB: array<vec4f, 2u * depth * foursOfB>; // [2, depth, foursOfB]

// Where block `block` of a slice is: [four of rows or columns, four of k]. Neighbours take neighbouring addresses.
fn placeOf(block: u32, fours: u32, isAlongK: bool) -> vec2u {
  return select(vec2u(block % fours, block / fours), vec2u(block / (depth / 4u), block % (depth / 4u)), isAlongK);
}

// The first column of the `place`-th four of a tile: left ones, then right ones.
fn columnOf(group: u32, place: u32) -> u32 {
  let tile = select(TILE_COLUMNS, TILE_COLUMNS / 2u, COLUMNS < N);
  return tile * group + 4u * (place % threadsAcross) + RIGHT * (place / threadsAcross);
}

@compute @workgroup_size(threadsAcross, TILE_ROWS / 8u)
fn staged(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  batch = group.z;
  // A thread's own block of each slice: of A, or of B, or none.
  let isA = index < blocksOfA;
  let isB = !isA && index < blocksOfA + blocksOfB;
  let place = select(
    placeOf(index - blocksOfA, foursOfB, B_STEP == 1u),
    placeOf(index, foursOfA, A_STEP == 1u),
    isA,
  );
  let row = TILE_ROWS * group.y + 8u * thread.y;
  let column = columnOf(group.x, thread.x);
  var next = mat4x4f();
  var topLeft = mat4x4f();
  var topRight = mat4x4f();
  var bottomLeft = mat4x4f();
  var bottomRight = mat4x4f();
  for (var first = 0u; first < K + depth; first += depth) {
    // The slice fetched in the turn before this one is laid down and multiplied in this one.
    let buffer = depth * (first / depth % 2u);
    if (first > 0u) {
      let step = buffer + 4u * place.y;
      if (isA) {
        let at = step * foursOfA + place.x;
        slicesA[at] = next[0];
        slicesA[at + foursOfA] = next[1];
        slicesA[at + 2u * foursOfA] = next[2];
        slicesA[at + 3u * foursOfA] = next[3];
      } else if (isB) {
        let at = step * foursOfB + place.x;
        slicesB[at] = next[0];
        slicesB[at + foursOfB] = next[1];
        slicesB[at + 2u * foursOfB] = next[2];
        slicesB[at + 3u * foursOfB] = next[3];
      }
      workgroupBarrier();
    }
    if (first < K) {
      if (isA) {
        next = blockOfA(TILE_ROWS * group.y + 4u * place.x, first + 4u * place.y);
      } else if (isB) {
        next = blockOfB(columnOf(group.x, place.x), first + 4u * place.y);
      }
    }
    if (first > 0u) {
      for (var step = buffer; step < buffer + depth; step++) {
        let top = slicesA[step * foursOfA + 2u * thread.y];
        let bottom = slicesA[step * foursOfA + 2u * thread.y + 1u];
        let left = slicesB[step * foursOfB + thread.x];
        let right = slicesB[step * foursOfB + threadsAcross + thread.x];
        topLeft = addOuter(topLeft, top, left);
        topRight = addOuter(topRight, top, right);
        bottomLeft = addOuter(bottomLeft, bottom, left);
        bottomRight = addOuter(bottomRight, bottom, right);
      }
    }
  }
  storeTiles(row, column, topLeft, topRight);
  storeTiles(row + 4u, column, bottomLeft, bottomRight);
}
