// Matrix product: out[M,N] = A B, with what follows it done before the product leaves the registers.
//
// Formula    P[m,n] = scale * sum over k of A(m,k) B(k,n); an epilogue (matmul-epilogue-*.wgsl) makes `out` of it.
// Shapes     row-major, fixed at compile time:
//              'nn'  a [M,K]  b [K,N]        'nt'  a [M,K]  b [N,K]        'tn'  a [K,M]  b [K,N]
//            or BATCH of each, one after the other, in every tensor.
//            The three differ only in strides: A(m,k) = a[m A_ROW + k A_STEP], B(k,n) = b[n B_COLUMN + k B_STEP].
// Types      InA, InB, Out and Beside (what else the epilogue reads or writes) are each f32 or f16. All arithmetic is f32; what is
//            stored as f16 is rounded once, and clamped to the largest, because WGSL leaves a value past it open.
// Constants  BATCH, M, N, K, A_ROW, A_STEP, B_COLUMN, B_STEP; LEFT, RIGHT, COLUMNS; SCALE, the bits of the f32; OUT_IS_HALF,
//            BESIDE_IS_HALF; ACCUMULATE.
// Parts      A pipeline is this file, matmul-operands.wgsl or -operands-vec4, one epilogue and one variant (matmul-<variant>.wgsl), put
//            together by src/kernels/matmul-source.ts. A variant is a way to share the work; which is fastest differs from machine to
//            machine by a factor of five, so it is measured (src/kernels/matmul-tuner.ts), never guessed from a name.
// Tiling     In every variant but `tile4` a thread makes 8 rows by 4 left and 4 right columns. Left columns of tile t begin at
//            LEFT t, right ones RIGHT further on: the next four (LEFT 8, RIGHT 4), or, where two halves of a row belong
//            together, the same four of the other half (LEFT 4, RIGHT N/2). `staged` has its own columns. COLUMNS is where left columns end.
//            Accumulators are named matrices, never indexed by a variable, so they stay in registers. A tile past the edge
//            reads the last row or column again and stores nothing there, so that the inner loop has no branch. Buffers
//            have their length in their type: the bounds checks WebGPU adds are then cheaper.
// Promise    close: relative L2 to float64 of what the operands hold <= 1e-5, or 1e-3 where `out` is f16. Each product is one f32 sum
//            over k in ascending order, but for `split`, whose order is its own and as fixed.

const four = vec4u(0u, 1u, 2u, 3u);

// Which of BATCH products a workgroup works at; every variant sets it first.
var<private> batch: u32;

fn startOfA() -> u32 {
  if (BATCH == 1u) {
    return 0u;
  }
  return batch * (M * K);
}

fn startOfB() -> u32 {
  if (BATCH == 1u) {
    return 0u;
  }
  return batch * (K * N);
}

// The row of a batch's outputs that follow one another, for row `row` of this product.
fn outputRow(row: u32) -> u32 {
  if (BATCH == 1u) {
    return row;
  }
  return batch * M + row;
}

// Offsets in `a` of rows row..row+3 at k = 0.
fn rowOffsets(row: u32) -> vec4u {
  return startOfA() + A_ROW * min(row + four, vec4u(M - 1u));
}

// Offsets in `b` of columns column..column+3 at k = 0.
fn columnOffsets(column: u32) -> vec4u {
  return startOfB() + B_COLUMN * min(column + four, vec4u(N - 1u));
}

// The 4 x 4 products of four rows and four columns: element [i] is row i.
fn outer(rows: vec4f, columns: vec4f) -> mat4x4f {
  return mat4x4f(rows.x * columns, rows.y * columns, rows.z * columns, rows.w * columns);
}

// sums + outer(rows, columns), rounded once a product.
fn addOuter(sums: mat4x4f, rows: vec4f, columns: vec4f) -> mat4x4f {
  return mat4x4f(
    fma(vec4f(rows.x), columns, sums[0]),
    fma(vec4f(rows.y), columns, sums[1]),
    fma(vec4f(rows.z), columns, sums[2]),
    fma(vec4f(rows.w), columns, sums[3]),
  );
}

fn scaled(sum: f32) -> f32 {
  return bitcast<f32>(SCALE) * sum;
}

fn withinHalf(value: f32) -> f32 {
  return clamp(value, -65504.0, 65504.0);
}

fn toOut(value: f32) -> Out {
  return Out(select(value, withinHalf(value), OUT_IS_HALF == 1u));
}

fn toBeside(value: f32) -> Beside {
  return Beside(select(value, withinHalf(value), BESIDE_IS_HALF == 1u));
}
