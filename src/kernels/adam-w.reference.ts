export interface AdamWState<Values> {
  readonly parameter: Values;
  /** The running mean of the gradient. */
  readonly m: Values;
  /** The running mean of the gradient's square. */
  readonly v: Values;
}

export interface AdamWStep {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** 1 for the first step. */
  readonly step: number;
  readonly learningRate: number;
  /** What the gradient is multiplied by first: averaging and clipping. 1 unless given. */
  readonly multiplier?: number;
}

/**
 * One step of AdamW (Loshchilov and Hutter 2019, algorithm 2, with decay scaled by the learning rate as
 * torch.optim.AdamW does) in float64. Returns the state after it; the arguments stay as they are.
 */
export function adamWReference(
  state: AdamWState<ArrayLike<number>>,
  gradient: ArrayLike<number>,
  options: AdamWStep,
): AdamWState<Float64Array> {
  const { beta1, beta2, epsilon, weightDecay, step, learningRate, multiplier = 1 } = options;
  const parameter = Float64Array.from(state.parameter);
  const m = Float64Array.from(state.m);
  const v = Float64Array.from(state.v);
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i] * multiplier;
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    const mean = m[i] / (1 - beta1 ** step);
    const deviation = Math.sqrt(v[i] / (1 - beta2 ** step));
    parameter[i] -= learningRate * (mean / (deviation + epsilon) + weightDecay * parameter[i]);
  }
  return { parameter, m, v };
}
