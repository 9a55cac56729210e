// Epilogue: the first half of a row of P is the gate g, the second half the value u. out[M,N] = P, kept for the backward pass, and
// activated[M,N/2] = silu(g) u, silu(x) = x / (1 + exp(-x)). Left columns are gates and right ones values (RIGHT = N/2).
// The exponent is held at 80, as in shaders/swiglu.wgsl.

@group(0) @binding(3) var<storage, read_write> out: array<Out, BATCH * M * N>;
@group(0) @binding(4) var<storage, read_write> activated: array<Beside, BATCH * M * COLUMNS>;

fn storeTiles(row: u32, column: u32, left: mat4x4f, right: mat4x4f) {
  var gates = left; // not every implementation indexes a matrix value by a variable
  var values = right;
  for (var r = row; r < min(row + 4u, M); r++) {
    for (var c = column; c < min(column + 4u, COLUMNS); c++) {
      let gate = scaled(gates[r - row][c - column]);
      let value = scaled(values[r - row][c - column]);
      let at = outputRow(r);
      out[at * N + c] = toOut(gate);
      out[at * N + RIGHT + c] = toOut(value);
      activated[at * COLUMNS + c] = toBeside(gate / (1.0 + exp(min(-gate, 80.0))) * value);
    }
  }
}
