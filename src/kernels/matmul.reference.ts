/** Which operand is stored transposed: design section 6 and shaders/matmul.wgsl. */
export type Transpose = 'nn' | 'nt' | 'tn';

export interface MatmulShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transpose: Transpose;
}

/**
 * out[m,n] = sum over k of A(m,k) B(k,n), in float64. `a` is [M,K] ('tn': [K,M]), `b` is [K,N] ('nt': [N,K]).
 * Returns [M,N], row-major.
 */
export function matmulReference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { m, n, k, transpose }: MatmulShape,
): Float64Array {
  const [aRow, aStep] = transpose === 'tn' ? [1, m] : [k, 1];
  const [bColumn, bStep] = transpose === 'nt' ? [k, 1] : [1, n];
  const out = new Float64Array(m * n); // [M,N]
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      let sum = 0;
      for (let i = 0; i < k; i++) sum += a[row * aRow + i * aStep] * b[column * bColumn + i * bStep];
      out[row * n + column] = sum;
    }
  }
  return out;
}
