/**
 * The norm of all gradients together, and what to multiply them by, in float64. `gradients` hold sums; dividing by
 * `divisor` makes them means. Returns [norm, multiplier]: norm = ||gradients||_2 / divisor and
 * multiplier = min(1, maxNorm / (norm + 1e-6)) / divisor, as torch.nn.utils.clip_grad_norm_ after the division.
 */
export function gradientNormReference(
  gradients: readonly ArrayLike<number>[],
  maxNorm: number,
  divisor: number,
): [number, number] {
  let squares = 0;
  for (const gradient of gradients) {
    for (let i = 0; i < gradient.length; i++) squares += gradient[i] ** 2;
  }
  const norm = Math.sqrt(squares) / divisor;
  return [norm, Math.min(1, maxNorm / (norm + 1e-6)) / divisor];
}
