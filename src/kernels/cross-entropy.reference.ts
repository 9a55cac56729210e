/**
 * Softmax cross-entropy in float64: logits is [N, V], targets is [N]. Returns losses [N] in nats,
 * -log softmax(logits)[target], and dLogits [N, V] = softmax(logits) - onehot(target), not scaled by anything.
 * A row whose target is V or more has no target: its loss and its gradient are 0.
 */
export function crossEntropyReference(
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
  vocabulary: number,
): { losses: Float64Array; dLogits: Float64Array } {
  const rows = targets.length;
  const losses = new Float64Array(rows);
  const dLogits = new Float64Array(rows * vocabulary);
  for (let n = 0; n < rows; n++) {
    const target = targets[n];
    if (target >= vocabulary) continue;
    const row = n * vocabulary;
    let largest = -Infinity;
    for (let j = 0; j < vocabulary; j++) largest = Math.max(largest, logits[row + j]);
    let sum = 0;
    for (let j = 0; j < vocabulary; j++) sum += Math.exp(logits[row + j] - largest);
    losses[n] = Math.log(sum) + largest - logits[row + target];
    for (let j = 0; j < vocabulary; j++) dLogits[row + j] = Math.exp(logits[row + j] - largest) / sum;
    dLogits[row + target] -= 1;
  }
  return { losses, dLogits };
}
