// Matrix product: out[M,N] = A B, or out += A B.
//
// Formula    out[m,n] (+)= sum over k of A(m,k) B(k,n).
// Shapes     row-major f32, fixed at compile time:
//              'nn'  a [M,K]  b [K,N]        'nt'  a [M,K]  b [N,K]        'tn'  a [K,M]  b [K,N]
//            The three differ only in strides: A(m,k) = a[m A_ROW + k A_STEP], B(k,n) = b[n B_COLUMN + k B_STEP].
// Constants  M, N, K, A_ROW, A_STEP, B_COLUMN, B_STEP, ACCUMULATE (0 or 1).
// Tiling     `tile8`: a thread makes 8 x 8 outputs, a workgroup of 8 x 4 threads 64 columns by 32 rows.
//            `tile4`: a thread makes 4 x 4 outputs, a workgroup of 8 x 8 threads 32 x 32; for outputs too small to fill
//            the larger one. Accumulators are named matrices, never indexed by a variable, so they stay in registers.
//            No workgroup memory. A tile past the edge reads the last row or column again and stores nothing there,
//            so that the inner loop has no branch. Buffers have their length in their type: the bounds checks WebGPU adds
//            are then cheaper (1.4 times the speed of run-time lengths on SwiftShader).
// Promise    close: relative L2 to float64 <= 1e-5. Each output is one f32 sum over k in ascending order.

@group(0) @binding(1) var<storage, read> a: array<f32, M * K>;
@group(0) @binding(2) var<storage, read> b: array<f32, K * N>;
@group(0) @binding(3) var<storage, read_write> out: array<f32, M * N>;

const four = vec4u(0u, 1u, 2u, 3u);

// Offsets in `a` of rows row..row+3 at k = 0.
fn rowOffsets(row: u32) -> vec4u {
  return A_ROW * min(row + four, vec4u(M - 1u));
}

// Offsets in `b` of columns column..column+3 at k = 0.
fn columnOffsets(column: u32) -> vec4u {
  return B_COLUMN * min(column + four, vec4u(N - 1u));
}

fn loadA(at: vec4u) -> vec4f {
  return vec4f(a[at.x], a[at.y], a[at.z], a[at.w]);
}

fn loadB(at: vec4u) -> vec4f {
  return vec4f(b[at.x], b[at.y], b[at.z], b[at.w]);
}

// The 4 x 4 products of four rows and four columns: element [i] is row i.
fn outer(rows: vec4f, columns: vec4f) -> mat4x4f {
  return mat4x4f(rows.x * columns, rows.y * columns, rows.z * columns, rows.w * columns);
}

// Loops here, unlike in the product: this runs once, and written out it would be most of the pipeline's compile time.
fn storeTile(row: u32, column: u32, tile: mat4x4f) {
  var values = tile; // not every implementation indexes a matrix value by a variable
  for (var r = row; r < min(row + 4u, M); r++) {
    for (var c = column; c < min(column + 4u, N); c++) {
      let at = r * N + c;
      var value = values[r - row][c - column];
      if (ACCUMULATE == 1u) {
        value += out[at];
      }
      out[at] = value;
    }
  }
}

@compute @workgroup_size(8, 4)
fn tile8(@builtin(global_invocation_id) id: vec3u) {
  let row = 8u * id.y;
  let column = 8u * id.x;
  let aTop = rowOffsets(row);
  let aBottom = rowOffsets(row + 4u);
  let bLeft = columnOffsets(column);
  let bRight = columnOffsets(column + 4u);
  var topLeft = mat4x4f();
  var topRight = mat4x4f();
  var bottomLeft = mat4x4f();
  var bottomRight = mat4x4f();
  for (var k = 0u; k < K; k++) {
    let top = loadA(aTop + k * A_STEP);
    let bottom = loadA(aBottom + k * A_STEP);
    let left = loadB(bLeft + k * B_STEP);
    let right = loadB(bRight + k * B_STEP);
    topLeft += outer(top, left);
    topRight += outer(top, right);
    bottomLeft += outer(bottom, left);
    bottomRight += outer(bottom, right);
  }
  storeTile(row, column, topLeft);
  storeTile(row, column + 4u, topRight);
  storeTile(row + 4u, column, bottomLeft);
  storeTile(row + 4u, column + 4u, bottomRight);
}

@compute @workgroup_size(8, 8)
fn tile4(@builtin(global_invocation_id) id: vec3u) {
  let row = 4u * id.y;
  let column = 4u * id.x;
  let aRows = rowOffsets(row);
  let bColumns = columnOffsets(column);
  var tile = mat4x4f();
  for (var k = 0u; k < K; k++) {
    tile += outer(loadA(aRows + k * A_STEP), loadB(bColumns + k * B_STEP));
  }
  storeTile(row, column, tile);
}
