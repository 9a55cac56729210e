const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * SwiGLU (Shazeer 2020, equation 6, without the projections) in float64: gateUp is [N, 2h], gate then up in a row.
 * Returns [N, h] = gate * sigmoid(gate) * up.
 */
export function swigluReference(gateUp: ArrayLike<number>, rows: number, hidden: number): Float64Array {
  const out = new Float64Array(rows * hidden);
  for (let n = 0; n < rows; n++) {
    for (let j = 0; j < hidden; j++) {
      const gate = gateUp[n * 2 * hidden + j];
      const up = gateUp[n * 2 * hidden + hidden + j];
      out[n * hidden + j] = gate * sigmoid(gate) * up;
    }
  }
  return out;
}

/** The gradient of swigluReference for dOut [N, h], in float64: [N, 2h], gate then up in a row. */
export function swigluBackwardReference(
  gateUp: ArrayLike<number>,
  dOut: ArrayLike<number>,
  rows: number,
  hidden: number,
): Float64Array {
  const dGateUp = new Float64Array(rows * 2 * hidden);
  for (let n = 0; n < rows; n++) {
    for (let j = 0; j < hidden; j++) {
      const at = n * 2 * hidden + j;
      const gate = gateUp[at];
      const up = gateUp[at + hidden];
      const d = dOut[n * hidden + j];
      const s = sigmoid(gate);
      dGateUp[at] = d * up * s * (1 + gate * (1 - s));
      dGateUp[at + hidden] = d * gate * s;
    }
  }
  return dGateUp;
}
