// Epilogue: out[M,N] = P, or out += P where ACCUMULATE is 1 (gradients of parameters).

@group(0) @binding(3) var<storage, read_write> out: array<Out, BATCH * M * N>;

// Loops here, unlike in the product: this runs once, and written out it would be most of the pipeline's compile time.
fn storeTile(row: u32, column: u32, tile: mat4x4f) {
  var values = tile; // not every implementation indexes a matrix value by a variable
  for (var r = row; r < min(row + 4u, M); r++) {
    for (var c = column; c < min(column + 4u, N); c++) {
      let at = outputRow(r) * N + c;
      var value = scaled(values[r - row][c - column]);
      if (ACCUMULATE == 1u) {
        value += f32(out[at]);
      }
      out[at] = toOut(value);
    }
  }
}

fn storeTiles(row: u32, column: u32, left: mat4x4f, right: mat4x4f) {
  storeTile(row, column, left);
  storeTile(row, column + RIGHT, right);
}
