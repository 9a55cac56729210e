export interface AttentionShape {
  /** B, sequences. */
  readonly batch: number;
  /** T, positions in a sequence. */
  readonly sequence: number;
  readonly heads: number;
  /** Heads of k and v, each read by heads / kvHeads neighbouring heads of q. All of them if not given. */
  readonly kvHeads?: number;
  readonly headSize: number;
}

/**
 * Causal attention (Vaswani et al. 2017, eq. 1), in float64: out = softmax(q k' / sqrt(headSize)) v per sequence and head,
 * over keys no later than the query. Head h reads key head floor(h kvHeads / heads). qkv is [B*T, (heads + 2 kvHeads) hs],
 * q|k|v, head-major. With d = heads * headSize, returns out [B*T, d] and lse [B, heads, T], the log of the sum of
 * exponentials of each query's scaled scores (nats).
 */
export function attentionReference(
  qkv: ArrayLike<number>,
  shape: AttentionShape,
): { out: Float64Array; lse: Float64Array } {
  const { batch, sequence, heads, headSize } = shape;
  const width = heads * headSize;
  const out = new Float64Array(batch * sequence * width); // [B*T, d]
  const lse = new Float64Array(batch * heads * sequence); // [B, heads, T]
  forEachQuery(shape, (b, head, query) => {
    const { probabilities, logSum } = softmaxRow(qkv, shape, b, head, query);
    lse[(b * heads + head) * sequence + query] = logSum;
    const outAt = (b * sequence + query) * width + head * headSize;
    for (let key = 0; key <= query; key++) {
      const { valueAt } = rowsOf(shape, b, head, key);
      for (let i = 0; i < headSize; i++) out[outAt + i] += probabilities[key] * qkv[valueAt + i];
    }
  });
  return { out, lse };
}

/** The gradient of `attentionReference` by qkv, given dOut [B*T, d]. Returns dq|dk|dv, shaped as qkv. */
export function attentionBackwardReference(
  qkv: ArrayLike<number>,
  dOut: ArrayLike<number>,
  shape: AttentionShape,
): Float64Array {
  const { sequence, heads, headSize } = shape;
  const width = heads * headSize;
  const scale = 1 / Math.sqrt(headSize);
  const dQkv = new Float64Array(qkv.length);
  forEachQuery(shape, (b, head, query) => {
    const { probabilities } = softmaxRow(qkv, shape, b, head, query);
    const dOutAt = (b * sequence + query) * width + head * headSize;
    const { queryAt } = rowsOf(shape, b, head, query);
    const dProbabilities = new Float64Array(query + 1); // [keys]
    let delta = 0;
    for (let key = 0; key <= query; key++) {
      const { valueAt } = rowsOf(shape, b, head, key);
      for (let i = 0; i < headSize; i++) {
        dProbabilities[key] += dOut[dOutAt + i] * qkv[valueAt + i];
        dQkv[valueAt + i] += probabilities[key] * dOut[dOutAt + i];
      }
      delta += probabilities[key] * dProbabilities[key];
    }
    for (let key = 0; key <= query; key++) {
      const dScore = probabilities[key] * (dProbabilities[key] - delta) * scale;
      const { keyAt } = rowsOf(shape, b, head, key);
      for (let i = 0; i < headSize; i++) {
        dQkv[queryAt + i] += dScore * qkv[keyAt + i];
        dQkv[keyAt + i] += dScore * qkv[queryAt + i];
      }
    }
  });
  return dQkv;
}

/** Where one position's q, k and v of a query head begin in qkv. */
function rowsOf(
  { sequence, heads, kvHeads = heads, headSize }: AttentionShape,
  b: number,
  head: number,
  position: number,
): { queryAt: number; keyAt: number; valueAt: number } {
  const rowAt = (b * sequence + position) * (heads + 2 * kvHeads) * headSize;
  const keyAt = rowAt + (heads + Math.floor((head * kvHeads) / heads)) * headSize;
  return { queryAt: rowAt + head * headSize, keyAt, valueAt: keyAt + kvHeads * headSize };
}

function forEachQuery(
  { batch, sequence, heads }: AttentionShape,
  visit: (b: number, head: number, query: number) => void,
): void {
  for (let b = 0; b < batch; b++) {
    for (let head = 0; head < heads; head++) {
      for (let query = 0; query < sequence; query++) visit(b, head, query);
    }
  }
}

/** The probabilities [query + 1] of one query over its keys, and the log of their unnormalised sum. */
function softmaxRow(
  qkv: ArrayLike<number>,
  shape: AttentionShape,
  b: number,
  head: number,
  query: number,
): { probabilities: Float64Array; logSum: number } {
  const { headSize } = shape;
  const { queryAt } = rowsOf(shape, b, head, query);
  const probabilities = new Float64Array(query + 1); // [keys]
  let largest = -Infinity;
  for (let key = 0; key <= query; key++) {
    const { keyAt } = rowsOf(shape, b, head, key);
    let score = 0;
    for (let i = 0; i < headSize; i++) score += qkv[queryAt + i] * qkv[keyAt + i];
    probabilities[key] = score / Math.sqrt(headSize);
    largest = Math.max(largest, probabilities[key]);
  }
  let sum = 0;
  for (let key = 0; key <= query; key++) {
    probabilities[key] = Math.exp(probabilities[key] - largest);
    sum += probabilities[key];
  }
  for (let key = 0; key <= query; key++) probabilities[key] /= sum;
  return { probabilities, logSum: largest + Math.log(sum) };
}
