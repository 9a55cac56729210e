/** As in the kernel: added to the mean square before the root, so that a row of zeros has a norm. */
const epsilon = 1e-5;

/**
 * Root mean square normalisation (Zhang and Sennrich 2019, equation 4) in float64. x is [N, d], gain is [d].
 * Returns out [N, d] = x * rstd * gain and rstd [N] = 1 / sqrt(mean(x^2) + 1e-5).
 */
export function rmsNormReference(
  x: ArrayLike<number>,
  gain: ArrayLike<number>,
): { out: Float64Array; rstd: Float64Array } {
  const width = gain.length;
  const rows = x.length / width;
  const out = new Float64Array(x.length);
  const rstd = new Float64Array(rows);
  for (let n = 0; n < rows; n++) {
    let squares = 0;
    for (let j = 0; j < width; j++) squares += x[n * width + j] ** 2;
    const scale = 1 / Math.sqrt(squares / width + epsilon);
    rstd[n] = scale;
    for (let j = 0; j < width; j++) out[n * width + j] = x[n * width + j] * scale * gain[j];
  }
  return { out, rstd };
}

/**
 * The gradients of rmsNormReference for dOut [N, d], in float64: dX [N, d] and dGain [d]. With n = x * rstd,
 * dX = rstd * (dOut * gain - n * mean(dOut * gain * n)) and dGain = sum over rows of dOut * n.
 */
export function rmsNormBackwardReference(
  x: ArrayLike<number>,
  gain: ArrayLike<number>,
  dOut: ArrayLike<number>,
): { dX: Float64Array; dGain: Float64Array } {
  const width = gain.length;
  const rows = x.length / width;
  const { rstd } = rmsNormReference(x, gain);
  const dX = new Float64Array(x.length);
  const dGain = new Float64Array(width);
  for (let n = 0; n < rows; n++) {
    let projection = 0;
    for (let j = 0; j < width; j++) {
      const at = n * width + j;
      const normed = x[at] * rstd[n];
      projection += (dOut[at] * gain[j] * normed) / width;
      dGain[j] += dOut[at] * normed;
    }
    for (let j = 0; j < width; j++) {
      const at = n * width + j;
      dX[at] = rstd[n] * (dOut[at] * gain[j] - x[at] * rstd[n] * projection);
    }
  }
  return { dX, dGain };
}
