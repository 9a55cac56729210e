import { largestInteger, latticePerUnit } from '../kernels/apply.reference.ts';

/** Values of a tensor put on the lattice that parameters of a run lie on. */
export interface OnLattice {
  /** Whole numbers over 2^22, or over 2^20 for gains, below 2^24 of them: what `decodeParameters` accepts. */
  readonly values: Float32Array<ArrayBuffer>;
  /** How many were off the lattice and went to the nearest place on it. */
  readonly rounded: number;
  /** How many were beyond its ends and went to the end. */
  readonly clamped: number;
}

/** The nearest values on the lattice; undefined where one is not a number, or infinite. */
export function toLattice(values: Float32Array, kind: 'matrix' | 'gains'): OnLattice | undefined {
  const perUnit = latticePerUnit[kind];
  const on = new Float32Array(values.length);
  let [rounded, clamped] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const exact = values[i] * perUnit;
    if (!Number.isFinite(exact)) return undefined;
    const nearest = Math.round(exact);
    const q = Math.max(-largestInteger, Math.min(largestInteger, nearest));
    if (q !== nearest) clamped++;
    else if (q !== exact) rounded++;
    on[i] = q / perUnit + 0; // no negative zero
  }
  return { values: on, rounded, clamped };
}
