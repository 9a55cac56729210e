// Operands of a product, four neighbours at a time: for lengths divisible by four along the memory of both. `row` and `column` are
// multiples of four, so four neighbours lie all inside or all outside.

@group(0) @binding(1) var<storage, read> a: array<vec4<InA>, BATCH * M * K / 4u>;
@group(0) @binding(2) var<storage, read> b: array<vec4<InB>, BATCH * K * N / 4u>;

fn alongA(at: u32, k: u32) -> vec4f {
  return select(vec4f(), vec4f(a[at / 4u]), k < K);
}

fn alongB(at: u32, k: u32) -> vec4f {
  return select(vec4f(), vec4f(b[at / 4u]), k < K);
}

fn stepOfA(row: u32, k: u32) -> vec4f {
  return alongA(startOfA() + min(row, M - 4u) + A_STEP * min(k, K - 1u), k);
}

fn stepOfB(column: u32, k: u32) -> vec4f {
  return alongB(startOfB() + min(column, N - 4u) + B_STEP * min(k, K - 1u), k);
}

// A(row..row+3, k..k+3): element [i] is step k + i of the four rows, zero past the last k.
fn blockOfA(row: u32, k: u32) -> mat4x4f {
  if (A_STEP == 1u) {
    let at = rowOffsets(row) + min(k, K - 1u) / 4u * 4u;
    return transpose(mat4x4f(alongA(at.x, k), alongA(at.y, k), alongA(at.z, k), alongA(at.w, k)));
  }
  return mat4x4f(stepOfA(row, k), stepOfA(row, k + 1u), stepOfA(row, k + 2u), stepOfA(row, k + 3u));
}

// B(k..k+3, column..column+3): element [i] is step k + i of the four columns, zero past the last k.
fn blockOfB(column: u32, k: u32) -> mat4x4f {
  if (B_STEP == 1u) {
    let at = columnOffsets(column) + min(k, K - 1u) / 4u * 4u;
    return transpose(mat4x4f(alongB(at.x, k), alongB(at.y, k), alongB(at.z, k), alongB(at.w, k)));
  }
  return mat4x4f(stepOfB(column, k), stepOfB(column, k + 1u), stepOfB(column, k + 2u), stepOfB(column, k + 3u));
}
