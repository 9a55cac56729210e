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
// Tiling: an invocation makes 8x8 outputs, one workgroup a block, in two dispatches (`columns`, then `rows`) that meet in
//   `half`. No workgroup memory: on a software adapter its clearing and the barriers cost ten times the transform.
// Promise: close, relative L2 at most 1e-5 of the float64 DCT. Feeds local momentum only, never replicated state.

struct Params {
  blocks: u32,
  across: u32, // blocks in a row of blocks
  beta: f32,
}

@group(0) @binding(0) var<uniform> params: Params;

// columns
@group(0) @binding(1) var<storage, read> gradient: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> norm: array<f32, 2>; // gains too
@group(0) @binding(3) var<storage, read> basis: array<vec4<f32>, 512>; // every entry
@group(0) @binding(4) var<storage, read_write> halfOut: array<vec4<f32>>;

// rows
@group(0) @binding(1) var<storage, read> half: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> momentum: array<f32>;

// gains
@group(0) @binding(1) var<storage, read> gainsGradient: array<f32>;
@group(0) @binding(4) var<storage, read_write> line: array<f32>;

// Column n is a[n] b.
fn outer(a: vec4<f32>, b: vec4<f32>) -> mat4x4<f32> {
  return mat4x4(a.x * b, a.y * b, a.z * b, a.w * b);
}

@compute @workgroup_size(64)
fn columns(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let block = group.y * 65535u + group.x;
  if (block >= params.blocks) {
    return;
  }
  let width = params.across * 16u; // of a row, in vectors
  let corner = (block / params.across) * 64u * width + (block % params.across) * 16u;

  // Y[u][j] for u = 2 (8 a + 0..7) + p and j = 8 b + 0..7, in quarters: a matrix column for each u, over four j.
  let b = local & 7u;
  let a = (local >> 3u) & 3u;
  let p = local >> 5u;
  let mirror = select(1.0, -1.0, p == 1u);
  var top = corner + 2u * b;
  var bottom = top + 63u * width;
  var y00 = mat4x4<f32>();
  var y01 = mat4x4<f32>();
  var y10 = mat4x4<f32>();
  var y11 = mat4x4<f32>();
  for (var i = 0u; i < 32u; i++) {
    let w0 = basis[(p * 32u + i) * 8u + 2u * a];
    let w1 = basis[(p * 32u + i) * 8u + 2u * a + 1u];
    let g0 = gradient[top] + mirror * gradient[bottom];
    let g1 = gradient[top + 1u] + mirror * gradient[bottom + 1u];
    y00 += outer(w0, g0);
    y01 += outer(w0, g1);
    y10 += outer(w1, g0);
    y11 += outer(w1, g1);
    top += width;
    bottom -= width;
  }
  let at = block * 1024u + 8u * b * 16u + p * 8u + 2u * a;
  store(at, transpose(y00));
  store(at + 1u, transpose(y10));
  store(at + 64u, transpose(y01));
  store(at + 65u, transpose(y11));
}

// Four rows j of `half`, four u each.
fn store(at: u32, y: mat4x4<f32>) {
  let multiplier = norm[1];
  halfOut[at] = multiplier * y[0];
  halfOut[at + 16u] = multiplier * y[1];
  halfOut[at + 32u] = multiplier * y[2];
  halfOut[at + 48u] = multiplier * y[3];
}

@compute @workgroup_size(64)
fn rows(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let block = group.y * 65535u + group.x;
  if (block >= params.blocks) {
    return;
  }
  // C[u][v] for u = 2 (8 a + 0..7) + p and v = 2 (8 c + 0..7) + q, in quarters: a matrix column for each u, over four v.
  let c = local & 3u;
  let q = (local >> 2u) & 1u;
  let a = (local >> 3u) & 3u;
  let p = local >> 5u;
  let mirror = select(1.0, -1.0, q == 1u);
  var low = block * 1024u + p * 8u + 2u * a;
  var high = low + 63u * 16u;
  var c00 = mat4x4<f32>();
  var c01 = mat4x4<f32>();
  var c10 = mat4x4<f32>();
  var c11 = mat4x4<f32>();
  for (var j = 0u; j < 32u; j++) {
    let w0 = basis[(q * 32u + j) * 8u + 2u * c];
    let w1 = basis[(q * 32u + j) * 8u + 2u * c + 1u];
    let y0 = half[low] + mirror * half[high];
    let y1 = half[low + 1u] + mirror * half[high + 1u];
    c00 += outer(y0, w0);
    c01 += outer(y0, w1);
    c10 += outer(y1, w0);
    c11 += outer(y1, w1);
    low += 16u;
    high -= 16u;
  }
  let at = block * 4096u + (16u * a + p) * 64u + 16u * c + q;
  fold(at, c00);
  fold(at + 8u, c01);
  fold(at + 512u, c10);
  fold(at + 520u, c11);
}

// Four u two apart, four v two apart.
fn fold(at: u32, c: mat4x4<f32>) {
  foldRow(at, c[0]);
  foldRow(at + 128u, c[1]);
  foldRow(at + 256u, c[2]);
  foldRow(at + 384u, c[3]);
}

fn foldRow(at: u32, c: vec4<f32>) {
  momentum[at] = params.beta * momentum[at] + c.x;
  momentum[at + 2u] = params.beta * momentum[at + 2u] + c.y;
  momentum[at + 4u] = params.beta * momentum[at + 4u] + c.z;
  momentum[at + 6u] = params.beta * momentum[at + 6u] + c.w;
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
    sum += weight * (gainsGradient[block * 64u + i] + mirror * gainsGradient[block * 64u + 63u - i]);
  }
  let at = block * 64u + u;
  line[at] = params.beta * line[at] + norm[1] * sum;
}
