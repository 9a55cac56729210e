// Momentum in the DCT domain: D <- beta * D + DCT(multiplier * gradient), block by block (DeMo, Peng et al. 2024,
// algorithm 1; the DCT is linear, so accumulating coefficients is the same method as accumulating gradients).
//
// Formula: the orthonormal DCT-II. For a 64x64 block G of a matrix, C[u][v] = sum_ij B[u][i] G[i][j] B[v][j] with
//   B[u][i] = a(u) cos(pi (2i+1) u / 128), a(0) = 1/8, a(u) = sqrt(2)/8. For a 64-block g of gains, C[u] = sum_i B[u][i] g[i].
// Shapes: gradient [rows, cols] f32 (gains: [blocks * 64]); norm [2] f32, whose element 1 is the multiplier;
//   momentum [blocks, 4096] f32 in coefficient order u * 64 + v (gains: [blocks, 64]); block = (row / 64) * across + col / 64.
//   basis [2][32][32] f32: basis[p][i][w] = B[2w + p][i] for i < 32.
//   half [>= blocks, 64, 64] f32: the block after `columns`, as half[j][p * 32 + w] for u = 2w + p.
// Symmetry: B[u][63-i] = (-1)^u B[u][i]. So even u need only G[i] + G[63-i] and odd u only G[i] - G[63-i]: half the products.
// Tiling: an invocation makes 4x4 outputs, 256 invocations a block, in two dispatches (`columns`, then `rows`) that meet in
//   `half`. No workgroup memory: on a software adapter its clearing and the barriers cost ten times the transform.
// Promise: close, relative L2 at most 1e-5 of the float64 DCT. Feeds local momentum only, never replicated state.

struct Params {
  blocks: u32,
  across: u32, // blocks in a row of blocks
  beta: f32,
}

@group(0) @binding(0) var<uniform> params: Params;

// columns
@group(0) @binding(1) var<storage, read> gradient: array<f32>; // gains too
@group(0) @binding(2) var<storage, read> norm: array<f32>; // gains too
@group(0) @binding(3) var<storage, read> basis: array<vec4<f32>>; // every entry
@group(0) @binding(4) var<storage, read_write> halfOut: array<vec4<f32>>;

// rows
@group(0) @binding(1) var<storage, read> half: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> momentum: array<f32>;

// gains
@group(0) @binding(4) var<storage, read_write> line: array<f32>;

fn load(at: u32) -> vec4<f32> {
  return vec4(gradient[at], gradient[at + 1u], gradient[at + 2u], gradient[at + 3u]);
}

@compute @workgroup_size(64)
fn columns(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let n = (group.y * 65535u + group.x) * 64u + local;
  let block = n >> 8u;
  if (block >= params.blocks) {
    return;
  }
  let width = params.across * 64u;
  let corner = (block / params.across) * 64u * width + (block % params.across) * 64u;

  // Y[u][j] for u = 2 (4 a + 0..3) + p and j = 4 b + 0..3: one vec4 over j for each of the four u.
  let b = n & 15u;
  let a = (n >> 4u) & 7u;
  let p = (n >> 7u) & 1u;
  let mirror = select(1.0, -1.0, p == 1u);
  var top = corner + 4u * b;
  var bottom = top + 63u * width;
  var y0 = vec4<f32>();
  var y1 = vec4<f32>();
  var y2 = vec4<f32>();
  var y3 = vec4<f32>();
  for (var i = 0u; i < 32u; i++) {
    let weights = basis[(p * 32u + i) * 8u + a];
    let g = load(top) + mirror * load(bottom);
    y0 += weights.x * g;
    y1 += weights.y * g;
    y2 += weights.z * g;
    y3 += weights.w * g;
    top += width;
    bottom -= width;
  }
  // Transposed: row j, vec4 over the four u.
  let at = block * 1024u + 64u * b + ((n >> 4u) & 15u);
  let multiplier = norm[1];
  halfOut[at] = multiplier * vec4(y0.x, y1.x, y2.x, y3.x);
  halfOut[at + 16u] = multiplier * vec4(y0.y, y1.y, y2.y, y3.y);
  halfOut[at + 32u] = multiplier * vec4(y0.z, y1.z, y2.z, y3.z);
  halfOut[at + 48u] = multiplier * vec4(y0.w, y1.w, y2.w, y3.w);
}

@compute @workgroup_size(64)
fn rows(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let n = (group.y * 65535u + group.x) * 64u + local;
  let block = n >> 8u;
  if (block >= params.blocks) {
    return;
  }
  // C[u][v] for u = 2 (4 a + 0..3) + p and v = 2 (4 c + 0..3) + q: one vec4 over v for each of the four u.
  let c = n & 7u;
  let q = (n >> 3u) & 1u;
  let a = (n >> 4u) & 7u;
  let p = (n >> 7u) & 1u;
  let mirror = select(1.0, -1.0, q == 1u);
  var low = block * 1024u + ((n >> 4u) & 15u);
  var high = low + 63u * 16u;
  var c0 = vec4<f32>();
  var c1 = vec4<f32>();
  var c2 = vec4<f32>();
  var c3 = vec4<f32>();
  for (var j = 0u; j < 32u; j++) {
    let weights = basis[(q * 32u + j) * 8u + c];
    let y = half[low] + mirror * half[high];
    c0 += y.x * weights;
    c1 += y.y * weights;
    c2 += y.z * weights;
    c3 += y.w * weights;
    low += 16u;
    high -= 16u;
  }
  let first = block * 4096u + (8u * a + p) * 64u + 8u * c + q;
  fold(first, c0);
  fold(first + 128u, c1);
  fold(first + 256u, c2);
  fold(first + 384u, c3);
}

// Four coefficients of one u, v two apart.
fn fold(at: u32, coefficients: vec4<f32>) {
  momentum[at] = params.beta * momentum[at] + coefficients.x;
  momentum[at + 2u] = params.beta * momentum[at + 2u] + coefficients.y;
  momentum[at + 4u] = params.beta * momentum[at + 4u] + coefficients.z;
  momentum[at + 6u] = params.beta * momentum[at + 6u] + coefficients.w;
}

@compute @workgroup_size(64)
fn gains(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) u: u32) {
  let block = group.y * 65535u + group.x;
  if (block >= params.blocks) {
    return;
  }
  let p = u & 1u;
  let mirror = select(1.0, -1.0, p == 1u);
  var chosen = vec4<f32>(); // 1 at the component of the table that belongs to this u
  chosen[(u >> 1u) & 3u] = 1.0;
  var sum = 0.0;
  for (var i = 0u; i < 32u; i++) {
    let weight = dot(chosen, basis[(p * 32u + i) * 8u + (u >> 3u)]);
    sum += weight * (gradient[block * 64u + i] + mirror * gradient[block * 64u + 63u - i]);
  }
  let at = block * 64u + u;
  line[at] = params.beta * line[at] + norm[1] * sum;
}
