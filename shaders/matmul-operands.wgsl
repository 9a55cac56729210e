// Operands of a product, an element at a time. Blocks are for the variants that go through workgroup memory or part the sum.

@group(0) @binding(1) var<storage, read> a: array<InA, BATCH * M * K>;
@group(0) @binding(2) var<storage, read> b: array<InB, BATCH * K * N>;

fn loadA(at: vec4u) -> vec4f {
  return vec4f(f32(a[at.x]), f32(a[at.y]), f32(a[at.z]), f32(a[at.w]));
}

fn loadB(at: vec4u) -> vec4f {
  return vec4f(f32(b[at.x]), f32(b[at.y]), f32(b[at.z]), f32(b[at.w]));
}

fn stepOfA(rows: vec4u, k: u32) -> vec4f {
  return select(vec4f(), loadA(rows + A_STEP * min(k, K - 1u)), k < K);
}

fn stepOfB(columns: vec4u, k: u32) -> vec4f {
  return select(vec4f(), loadB(columns + B_STEP * min(k, K - 1u)), k < K);
}

// A(row..row+3, k..k+3): element [i] is step k + i of the four rows, zero past the last k.
fn blockOfA(row: u32, k: u32) -> mat4x4f {
  let rows = rowOffsets(row);
  return mat4x4f(stepOfA(rows, k), stepOfA(rows, k + 1u), stepOfA(rows, k + 2u), stepOfA(rows, k + 3u));
}

// B(k..k+3, column..column+3): element [i] is step k + i of the four columns, zero past the last k.
fn blockOfB(column: u32, k: u32) -> mat4x4f {
  let columns = columnOffsets(column);
  return mat4x4f(stepOfB(columns, k), stepOfB(columns, k + 1u), stepOfB(columns, k + 2u), stepOfB(columns, k + 3u));
}
