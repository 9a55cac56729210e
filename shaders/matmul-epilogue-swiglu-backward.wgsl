// Epilogue: P[M,N] is the gradient of silu(g) u, where gateUp[M,2N] holds g and u. It is not stored; out[M,2N] is the gradient of
// gateUp: P u silu'(g) and P silu(g), with s = 1 / (1 + exp(-g)), silu(g) = g s, silu'(g) = s (1 + g (1 - s)). What was
// activated is there again in activated[M,N] = silu(g) u: the gradient of the weights wants it, and so it need not be kept.
// The exponent is held at 80, as in shaders/swiglu.wgsl.

@group(0) @binding(3) var<storage, read> gateUp: array<Beside, 2 * BATCH * M * N>;
@group(0) @binding(4) var<storage, read_write> out: array<Out, 2 * BATCH * M * N>;
@group(0) @binding(5) var<storage, read_write> activated: array<Beside, BATCH * M * N>;

fn storeTile(row: u32, column: u32, tile: mat4x4f) {
  var values = tile; // not every implementation indexes a matrix value by a variable
  for (var r = row; r < min(row + 4u, M); r++) {
    for (var c = column; c < min(column + 4u, N); c++) {
      let start = outputRow(r) * N;
      let at = 2u * start + c;
      let gate = f32(gateUp[at]);
      let value = f32(gateUp[at + N]);
      let sigmoid = 1.0 / (1.0 + exp(min(-gate, 80.0)));
      let gradient = scaled(values[r - row][c - column]);
      out[at] = toOut(gradient * value * sigmoid * (1.0 + gate * (1.0 - sigmoid)));
      out[at + N] = toOut(gradient * gate * sigmoid);
      activated[start + c] = toBeside(gate * sigmoid * value);
    }
  }
}

fn storeTiles(row: u32, column: u32, left: mat4x4f, right: mat4x4f) {
  storeTile(row, column, left);
  storeTile(row, column + RIGHT, right);
}
