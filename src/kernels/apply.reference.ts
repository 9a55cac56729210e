import { invariant } from '../base/invariant.ts';
import { mix32 } from '../base/random.ts';
import type { BlockKind } from './block-shape.ts';

/** Parameters are whole numbers over these, held exactly in f32 while below 2^24 (design section 5). */
export const latticePerUnit = { matrix: 2 ** 22, gains: 2 ** 20 } as const;
export const largestInteger = 2 ** 24 - 1;

/** What a round does to every parameter. */
export interface RoundStep {
  /** L = round(learning rate * 2^22), below 2^24. */
  readonly step: number;
  /** D = round(learning rate * decay * 2^28), below 2^18. */
  readonly decay: number;
  /** hashWords(seed, round): seeds the dither. */
  readonly roundKey: number;
}

/** L and D for a kind of tensor, in its own units: gains are not decayed, and their unit is four times as large. */
export function moveOf(kind: BlockKind, { step, decay }: RoundStep): { step: number; decay: number } {
  invariant(Number.isInteger(step) && step >= 0 && step < 2 ** 24, `a step of ${step} is in [0, 2^24)`);
  invariant(Number.isInteger(decay) && decay >= 0 && decay < 2 ** 18, `a decay of ${decay} is in [0, 2^18)`);
  return kind === 'matrix' ? { step, decay } : { step: (step + 2) >> 2, decay: 0 };
}

/** One parameter: clamp(q - floor((q D + h) / 2^28) - L sign) in i32, for |q| < 2^24, 0 <= h < 2^28, sign -1, 0 or 1. */
export function movedInteger(q: number, h: number, sign: number, step: number, decay: number): number {
  const low = (Math.imul(q & 4095, decay) + (h & 4095)) >> 12;
  const t = (Math.imul(q >> 12, decay) + low + (h >> 12)) | 0;
  const moved = (q - (t >> 16) - Math.imul(step, sign)) | 0;
  return Math.min(largestInteger, Math.max(-largestInteger, moved));
}

/** values f32 [n] after one round; x i32 [>= n]; `offset` is the index of the first element in the whole model. */
export function applyReference(
  values: Float32Array,
  x: Int32Array,
  { kind, offset, round }: { kind: BlockKind; offset: number; round: RoundStep },
): Float32Array<ArrayBuffer> {
  const perUnit = latticePerUnit[kind];
  const { step, decay } = moveOf(kind, round);
  const moved = new Float32Array(values.length);
  // A plain loop: replaying rounds runs it for every parameter, and Float32Array.from takes several times as long.
  for (let at = 0; at < values.length; at++) {
    const h = mix32((offset + at) ^ round.roundKey) & 0xfffffff;
    moved[at] = movedInteger(values[at] * perUnit, h, Math.sign(x[at]), step, decay) / perUnit;
  }
  return moved;
}
