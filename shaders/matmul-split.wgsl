// Variant: for outputs of few tiles and a long k. SLICES neighbouring threads share 8 x 8 products: each takes four steps of k in
// every 4 SLICES, and their sums meet in workgroup memory, halves onto halves, always in the same order. SLICES is a power of two
// that follows from K alone, so the same machine always adds the same way. 64 threads a workgroup, which are 64 / SLICES tiles in a line.
// No scratch memory and no second dispatch, which partial sums of several workgroups would need.

const teams = 64u / SLICES;
const tilesAcross = (COLUMNS + LEFT - 1u) / LEFT;

// Of the upper half of each team, one quarter of a tile after the other: little memory, which has to be cleared before.
var<workgroup> partials: array<mat4x4f, 32>;

// For the first thread of each team the sum over the team, in an order that never changes; all threads call it.
fn sumOf(own: mat4x4f, index: u32) -> mat4x4f {
  let lane = index % SLICES;
  var sum = own;
  for (var half = SLICES / 2u; half > 0u; half /= 2u) {
    let at = index / SLICES * (SLICES / 2u) + lane % half;
    if (lane >= half && lane < 2u * half) {
      partials[at] = sum;
    }
    workgroupBarrier();
    if (lane < half) {
      sum += partials[at];
    }
    workgroupBarrier();
  }
  return sum;
}

@compute @workgroup_size(64)
fn split(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  batch = group.z;
  let lane = index % SLICES;
  let tile = (65535u * group.y + group.x) * teams + index / SLICES;
  let row = 8u * (tile / tilesAcross);
  let column = LEFT * (tile % tilesAcross);
  var topLeft = mat4x4f();
  var topRight = mat4x4f();
  var bottomLeft = mat4x4f();
  var bottomRight = mat4x4f();
  for (var k = 4u * lane; k < K; k += 4u * SLICES) {
    var top = blockOfA(row, k);
    var bottom = blockOfA(row + 4u, k);
    var left = blockOfB(column, k);
    var right = blockOfB(column + RIGHT, k);
    for (var step = 0u; step < 4u; step++) {
      topLeft = addOuter(topLeft, top[step], left[step]);
      topRight = addOuter(topRight, top[step], right[step]);
      bottomLeft = addOuter(bottomLeft, bottom[step], left[step]);
      bottomRight = addOuter(bottomRight, bottom[step], right[step]);
    }
  }
  topLeft = sumOf(topLeft, index);
  topRight = sumOf(topRight, index);
  bottomLeft = sumOf(bottomLeft, index);
  bottomRight = sumOf(bottomRight, index);
  if (lane == 0u) {
    storeTiles(row, column, topLeft, topRight);
    storeTiles(row + 4u, column, bottomLeft, bottomRight);
  }
}
