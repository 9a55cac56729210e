// Momentum in the DCT domain: D <- beta * D + DCT(multiplier * gradient), block by block (DeMo, Peng et al. 2024,
// algorithm 1; the DCT is linear, so accumulating coefficients is the same method as accumulating gradients).
//
// Formula: the orthonormal DCT-II. For a 64x64 block G of a matrix, C[u][v] = sum_ij B[u][i] G[i][j] B[v][j] with
//   B[u][i] = a(u) cos(pi (2i+1) u / 128), a(0) = 1/8, a(u) = sqrt(2)/8. For a 64-block g of gains, C[u] = sum_i B[u][i] g[i].
// Shapes: gradient [rows, cols] f32 (gains: [blocks * 64]); norm [2] f32, whose element 1 is the multiplier;
//   momentum [blocks, 4096] f32 in coefficient order u * 64 + v (gains: [blocks, 64]); block = (row / 64) * across + col / 64.
//   basis [2][32][32] f32: basis[p][i][w] = B[2w + p][i] for i < 32.
// Symmetry: B[u][63-i] = (-1)^u B[u][i]. So even u need only G[i] + G[63-i] and odd u only G[i] - G[63-i]: half the products.
// Tiling: one workgroup of 16x16 invocations a block, 4x4 outputs each; the block lives in 16 KiB of workgroup memory, and
//   between the two passes in registers.
// Promise: close, relative L2 at most 1e-5 of the float64 DCT. Feeds local momentum only, never replicated state.

struct Params {
  blocks: u32,
  across: u32, // blocks in a row of blocks
  beta: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> basis: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> momentum: array<f32>;

var<workgroup> tile: array<vec4<f32>, 1024>;

@compute @workgroup_size(256)
fn matrix(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let block = group.y * 65535u + group.x;
  if (block >= params.blocks) {
    return;
  }
  let width = params.across * 64u;
  let corner = (block / params.across) * 64u * width + (block % params.across) * 64u;
  let multiplier = norm[1];

  // tile row i: the sums G[i] + G[63-i]; tile row 32 + i: the differences.
  for (var n = 0u; n < 2u; n++) {
    let i = n * 16u + (lane >> 4u);
    let j = (lane & 15u) * 4u;
    let top = corner + i * width + j;
    let bottom = corner + (63u - i) * width + j;
    let a = vec4(gradient[top], gradient[top + 1u], gradient[top + 2u], gradient[top + 3u]) * multiplier;
    let b = vec4(gradient[bottom], gradient[bottom + 1u], gradient[bottom + 2u], gradient[bottom + 3u]) * multiplier;
    tile[i * 16u + (lane & 15u)] = a + b;
    tile[(32u + i) * 16u + (lane & 15u)] = a - b;
  }
  workgroupBarrier();

  // Y[u][j] for u = 2 (4 a + 0..3) + p and j = 4 b + 0..3: one vec4 over j for each of the four u.
  let p = lane >> 7u;
  let a = (lane >> 4u) & 7u;
  let b = lane & 15u;
  var y0 = vec4<f32>();
  var y1 = vec4<f32>();
  var y2 = vec4<f32>();
  var y3 = vec4<f32>();
  for (var i = 0u; i < 32u; i++) {
    let weights = basis[(p * 32u + i) * 8u + a];
    let g = tile[(p * 32u + i) * 16u + b];
    y0 += weights.x * g;
    y1 += weights.y * g;
    y2 += weights.z * g;
    y3 += weights.w * g;
  }
  workgroupBarrier();
  // Transposed: tile row j, vec4 over the four u of this invocation.
  let column = lane >> 4u; // p * 8 + a
  tile[(4u * b) * 16u + column] = vec4(y0.x, y1.x, y2.x, y3.x);
  tile[(4u * b + 1u) * 16u + column] = vec4(y0.y, y1.y, y2.y, y3.y);
  tile[(4u * b + 2u) * 16u + column] = vec4(y0.z, y1.z, y2.z, y3.z);
  tile[(4u * b + 3u) * 16u + column] = vec4(y0.w, y1.w, y2.w, y3.w);
  workgroupBarrier();
  // Folded in place: row j becomes the sum, row 63 - j the difference.
  for (var n = 0u; n < 2u; n++) {
    let low = n * 256u + lane;
    let high = (63u - (low >> 4u)) * 16u + (low & 15u);
    let first = tile[low];
    let second = tile[high];
    tile[low] = first + second;
    tile[high] = first - second;
  }
  workgroupBarrier();

  // C[u][v] for the same four u and v = 2 (4 c + 0..3) + q: one vec4 over u for each of the four v.
  let q = b >> 3u;
  let c = b & 7u;
  var c0 = vec4<f32>();
  var c1 = vec4<f32>();
  var c2 = vec4<f32>();
  var c3 = vec4<f32>();
  for (var j = 0u; j < 32u; j++) {
    let weights = basis[(q * 32u + j) * 8u + c];
    let row = select(j, 63u - j, q == 1u);
    let y = tile[row * 16u + column];
    c0 += weights.x * y;
    c1 += weights.y * y;
    c2 += weights.z * y;
    c3 += weights.w * y;
  }
  for (var r = 0u; r < 4u; r++) {
    let u = 8u * a + 2u * r + p;
    let at = block * 4096u + u * 64u + 8u * c + q;
    momentum[at] = params.beta * momentum[at] + c0[r];
    momentum[at + 2u] = params.beta * momentum[at + 2u] + c1[r];
    momentum[at + 4u] = params.beta * momentum[at + 4u] + c2[r];
    momentum[at + 6u] = params.beta * momentum[at + 6u] + c3[r];
  }
}

@compute @workgroup_size(64)
fn gains(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) u: u32) {
  let block = group.y * 65535u + group.x;
  if (block >= params.blocks) {
    return;
  }
  let p = u & 1u;
  let mirrored = select(1.0, -1.0, p == 1u);
  var sum = 0.0;
  for (var i = 0u; i < 32u; i++) {
    let weight = basis[(p * 32u + i) * 8u + (u >> 3u)][(u >> 1u) & 3u];
    sum += weight * (gradient[block * 64u + i] + mirrored * gradient[block * 64u + 63u - i]);
  }
  let at = block * 64u + u;
  momentum[at] = params.beta * momentum[at] + norm[1] * sum;
}
