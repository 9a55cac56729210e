// Epilogue: out[M,N] = P + add[M,N], the residual stream that goes past the product.

@group(0) @binding(3) var<storage, read> add: array<Beside, BATCH * M * N>;
@group(0) @binding(4) var<storage, read_write> out: array<Out, BATCH * M * N>;

fn storeTile(row: u32, column: u32, tile: mat4x4f) {
  var values = tile; // not every implementation indexes a matrix value by a variable
  for (var r = row; r < min(row + 4u, M); r++) {
    for (var c = column; c < min(column + 4u, N); c++) {
      let at = outputRow(r) * N + c;
      out[at] = toOut(f32(add[at]) + scaled(values[r - row][c - column]));
    }
  }
}

fn storeTiles(row: u32, column: u32, left: mat4x4f, right: mat4x4f) {
  storeTile(row, column, left);
  storeTile(row, column + RIGHT, right);
}
