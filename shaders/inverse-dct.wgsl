// The inverse transform of votes in integers: X = T' V T for each 64x64 block, X[i] = sum_u T[u][i] V[u] for gains
// (design section 5). T[0][i] = 180, T[u][i] = round(255 cos(pi (2i+1) u / 128)).
//
// Shapes: starts [all blocks + 1] u32; votes [capacity] u32, those of block b at [starts[b], starts[b + 1]), each
//   index << 16 | vote in 16 bits with sign, index = u * 64 + v (gains: u); blocks of this tensor from firstBlock on.
//   basis [64][32] i32, basis[u][i] = T[u][i] for i < 32.
//   x [>= rows, cols] i32 in the parameter's own order.
// Range: the votes of a block sum to at most S <= 32767, so |V T| < 2^23 and |X| <= 65025 S < 2^31: no shift, no rounding,
//   hence any order agrees, and so does a coefficient listed in parts.
// Symmetry: T[u][63-i] = (-1)^u T[u][i], so the factors of the quadrant i, j < 32, with the signs of u and v, serve all four.
// Tiling: sparse: each vote adds one outer product instead of 2 * 64^3 products a block; a workgroup of 64 invocations a block,
//   an invocation has 4x4 elements of each quadrant. No workgroup memory.
// Promise: bitwise.

struct Params {
  blocks: u32,
  across: u32, // blocks in a row of blocks
  firstBlock: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> starts: array<u32>;
@group(0) @binding(2) var<storage, read> votes: array<u32>;
@group(0) @binding(3) var<storage, read> basis: array<vec4<i32>, 512>; // matrix
@group(0) @binding(3) var<storage, read> basisWords: array<i32, 2048>; // gains
@group(0) @binding(4) var<storage, read_write> x: array<vec4<i32>>; // matrix
@group(0) @binding(4) var<storage, read_write> line: array<i32>; // gains

@compute @workgroup_size(64)
fn matrix(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let block = group.y * 65535u + group.x;
  if (block >= params.blocks) {
    return;
  }
  let i = local >> 3u; // rows 4 i + 0..3 of the quadrant
  let j = local & 7u; // and its columns 4 j + 0..3
  // By row: the element itself, its mirror to the right, below, and both.
  var here0 = vec4<i32>();
  var here1 = vec4<i32>();
  var here2 = vec4<i32>();
  var here3 = vec4<i32>();
  var right0 = vec4<i32>();
  var right1 = vec4<i32>();
  var right2 = vec4<i32>();
  var right3 = vec4<i32>();
  var below0 = vec4<i32>();
  var below1 = vec4<i32>();
  var below2 = vec4<i32>();
  var below3 = vec4<i32>();
  var both0 = vec4<i32>();
  var both1 = vec4<i32>();
  var both2 = vec4<i32>();
  var both3 = vec4<i32>();
  let end = starts[params.firstBlock + block + 1u];
  for (var at = starts[params.firstBlock + block]; at < end; at++) {
    let entry = votes[at];
    let u = (entry >> 22u) & 63u;
    let v = (entry >> 16u) & 63u;
    let rows = (bitcast<i32>(entry << 16u) >> 16u) * basis[u * 8u + i];
    let mirroredRows = rows * (1 - 2 * i32(u & 1u));
    let columns = basis[v * 8u + j];
    let mirroredColumns = columns * (1 - 2 * i32(v & 1u));
    here0 += rows.x * columns;
    here1 += rows.y * columns;
    here2 += rows.z * columns;
    here3 += rows.w * columns;
    right0 += rows.x * mirroredColumns;
    right1 += rows.y * mirroredColumns;
    right2 += rows.z * mirroredColumns;
    right3 += rows.w * mirroredColumns;
    below0 += mirroredRows.x * columns;
    below1 += mirroredRows.y * columns;
    below2 += mirroredRows.z * columns;
    below3 += mirroredRows.w * columns;
    both0 += mirroredRows.x * mirroredColumns;
    both1 += mirroredRows.y * mirroredColumns;
    both2 += mirroredRows.z * mirroredColumns;
    both3 += mirroredRows.w * mirroredColumns;
  }
  let width = params.across * 16u; // of a row, in vectors
  let corner = (block / params.across) * 64u * width + (block % params.across) * 16u;
  let top = corner + 4u * i * width;
  write(top, j, here0, right0);
  write(top + width, j, here1, right1);
  write(top + 2u * width, j, here2, right2);
  write(top + 3u * width, j, here3, right3);
  let bottom = corner + (63u - 4u * i) * width;
  write(bottom, j, below0, both0);
  write(bottom - width, j, below1, both1);
  write(bottom - 2u * width, j, below2, both2);
  write(bottom - 3u * width, j, below3, both3);
}

// Four elements of a row of X at 4 j, and the four mirrored ones at the other end.
fn write(start: u32, j: u32, left: vec4<i32>, right: vec4<i32>) {
  x[start + j] = left;
  x[start + 15u - j] = right.wzyx;
}

@compute @workgroup_size(64)
fn gains(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let block = group.y * 65535u + group.x;
  if (block >= params.blocks) {
    return;
  }
  let i = min(local, 63u - local);
  var even = 0;
  var odd = 0;
  let end = starts[params.firstBlock + block + 1u];
  for (var at = starts[params.firstBlock + block]; at < end; at++) {
    let u = (votes[at] >> 16u) & 63u;
    let product = (bitcast<i32>(votes[at] << 16u) >> 16u) * basisWords[u * 32u + i];
    if ((u & 1u) == 0u) {
      even += product;
    } else {
      odd += product;
    }
  }
  line[block * 64u + local] = select(even - odd, even + odd, local < 32u);
}
