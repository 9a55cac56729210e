// A round's votes applied to the replicated parameters of whole tensors: sum of votes, inverse transform, decay and step in one
// pass (design section 5). X = T' V T for each 64x64 block, X[i] = sum_u T[u][i] V[u] for gains, V the sum of the votes,
// T[0][i] = 180, T[u][i] = round(255 cos(pi (2i+1) u / 128)); then q <- clamp(q - decay - L sign X): see apply.wgsl.
//
// Shapes: values [elements] f32 on the lattice: whole tensors one after another, cut into blocks by `places`, vec4 a block: its
//   first element, elements in a row of its tensor (0: a 64-block of gains), unused, unused.
//   starts [4 * all blocks + 1] u32; votes [capacity] u32, each index << 16 | weight x sign in 16 bits, index = u * 64 + v (gains:
//   u = 0). Those of block b with u mod 2 = p and v mod 2 = q lie in [starts[n], starts[n + 1]), n = 4 b + 2 p + q. An index may
//   come more than once: X is a sum over votes.
//   basis [64][32] i32, basis[u][i] = T[u][i] for i < 32.
// Range: the votes of a block sum to at most S <= 32767 in magnitude, so |V T| < 2^23 and |X| <= 65025 S < 2^31, and so does any
//   part of them: no shift, no rounding, hence any order agrees.
// Symmetry: T[u][63-i] = (-1)^u T[u][i]. So the quadrant i, j < 32 summed by the parities of u and v apart gives all four by
//   additions: a vote costs 16 multiplications of an invocation for its 64 elements.
//
// Least traffic: 8 bytes a value (read, written once), and 4 bytes a vote; this kernel moves no more but the basis, 8 KiB that
//   stay in the cache. Operations a value: a quarter of a multiply-add for each vote of its block, and about 40 for the step.
//   Dense, it would take 64 multiply-adds: more votes than 256 a block, and a dense inverse were better.
// Tiling: a workgroup of 64 invocations a block, an invocation has 4x4 elements of each quadrant. No workgroup memory. Gains
//   have an entry point of their own: behind a branch, a software adapter works under masks (26 against 37 ns a value).
// Promise: bitwise.

struct Params {
  first: u32, // the blocks from here on are this dispatch's, one a workgroup
  firstBlock: u32, // the place in `starts` of places[0]
  offset: u32, // index of values[0] in the whole model
  roundKey: u32,
  step: i32, // L
  decay: i32, // D
  gainsStep: i32,
  gainsDecay: i32,
  perUnit: f32, // 2^22
  unit: f32, // 1 / perUnit: a division may round
  gainsPerUnit: f32, // 2^20
  gainsUnit: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> values: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> places: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> starts: array<u32>;
@group(0) @binding(4) var<storage, read> votes: array<u32>;
@group(0) @binding(5) var<storage, read> basis: array<vec4<i32>, 512>;

// Four rows of four elements.
struct Square {
  r0: vec4<i32>,
  r1: vec4<i32>,
  r2: vec4<i32>,
  r3: vec4<i32>,
}

// The sum of the outer products of votes [n] and [n + 1] apart, at rows 4 i and columns 4 j of the quadrant.
fn outerSum(n: u32, i: u32, j: u32) -> Square {
  var sum = Square();
  let end = starts[n + 1u];
  for (var at = starts[n]; at < end; at++) {
    let vote = votes[at];
    let rows = (bitcast<i32>(vote << 16u) >> 16u) * basis[(vote >> 22u) * 8u + i];
    let columns = basis[((vote >> 16u) & 63u) * 8u + j];
    sum.r0 += rows.x * columns;
    sum.r1 += rows.y * columns;
    sum.r2 += rows.z * columns;
    sum.r3 += rows.w * columns;
  }
  return sum;
}

// The sum of a block of gains at 4 j, of the votes of one parity.
fn lineSum(n: u32, j: u32) -> vec4<i32> {
  var sum = vec4<i32>();
  let end = starts[n + 1u];
  for (var at = starts[n]; at < end; at++) {
    let vote = votes[at];
    sum += (bitcast<i32>(vote << 16u) >> 16u) * basis[((vote >> 16u) & 63u) * 8u + j];
  }
  return sum;
}

// Four neighbouring elements.
fn move4(at: u32, x: vec4<i32>) {
  let index = params.offset + 4u * at + vec4(0u, 1u, 2u, 3u);
  let q = vec4<i32>(values[at] * params.perUnit);
  values[at] = vec4<f32>(latticeStep(q, x, index, params.roundKey, params.step, params.decay)) * params.unit;
}

fn moveGains4(at: u32, x: vec4<i32>) {
  let index = params.offset + 4u * at + vec4(0u, 1u, 2u, 3u);
  let q = vec4<i32>(values[at] * params.gainsPerUnit);
  let moved = latticeStep(q, x, index, params.roundKey, params.gainsStep, params.gainsDecay);
  values[at] = vec4<f32>(moved) * params.gainsUnit;
}

// A row of the quadrant by parities of u, then v, in its row of the block from vector `top` on, and in its mirror `bottom`.
fn moveRows(top: u32, bottom: u32, j: u32, ee: vec4<i32>, eo: vec4<i32>, oe: vec4<i32>, oo: vec4<i32>) {
  move4(top + j, ee + eo + oe + oo);
  move4(top + 15u - j, (ee - eo + oe - oo).wzyx);
  move4(bottom + j, ee + eo - oe - oo);
  move4(bottom + 15u - j, (ee - eo - oe + oo).wzyx);
}

@compute @workgroup_size(64)
fn gains(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) j: u32) {
  if (j >= 8u) {
    return;
  }
  let block = params.first + group.x;
  let start = places[block].x / 4u;
  let n = 4u * (params.firstBlock + block);
  let e = lineSum(n, j);
  let o = lineSum(n + 1u, j);
  moveGains4(start + j, e + o);
  moveGains4(start + 15u - j, (e - o).wzyx);
}

@compute @workgroup_size(64)
fn matrix(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let block = params.first + group.x;
  let place = places[block];
  let n = 4u * (params.firstBlock + block);
  let i = local >> 3u;
  let j = local & 7u;
  let start = place.x / 4u;
  let ee = outerSum(n, i, j);
  let eo = outerSum(n + 1u, i, j);
  let oe = outerSum(n + 2u, i, j);
  let oo = outerSum(n + 3u, i, j);
  let width = place.y / 4u;
  let top = start + 4u * i * width;
  let bottom = start + (63u - 4u * i) * width;
  moveRows(top, bottom, j, ee.r0, eo.r0, oe.r0, oo.r0);
  moveRows(top + width, bottom - width, j, ee.r1, eo.r1, oe.r1, oo.r1);
  moveRows(top + 2u * width, bottom - 2u * width, j, ee.r2, eo.r2, oe.r2, oo.r2);
  moveRows(top + 3u * width, bottom - 3u * width, j, ee.r3, eo.r3, oe.r3, oo.r3);
}
