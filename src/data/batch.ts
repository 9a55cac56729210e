import { invariant } from '../base/invariant.ts';

/** What one forward and backward pass reads. `targets[i]` is the token that follows `ids[i]` in its sequence. */
export interface Batch {
  readonly sequences: number;
  readonly sequenceLength: number;
  readonly ids: Uint32Array<ArrayBuffer>; // [B*T]
  readonly targets: Uint32Array<ArrayBuffer>; // [B*T]
}

/** Lays out B token sequences of T + 1 ids each, row by row. */
export function toBatch(
  sequences: readonly ArrayLike<number>[],
  sequenceCount: number,
  sequenceLength: number,
): Batch {
  invariant(sequences.length === sequenceCount, `${sequenceCount} sequences, got ${sequences.length}`);
  const ids = new Uint32Array(sequenceCount * sequenceLength); // [B*T]
  const targets = new Uint32Array(sequenceCount * sequenceLength); // [B*T]
  sequences.forEach((tokens, row) => {
    invariant(
      tokens.length === sequenceLength + 1,
      `${sequenceLength + 1} tokens a sequence, got ${tokens.length}`,
    );
    for (let t = 0; t < sequenceLength; t++) {
      ids[row * sequenceLength + t] = tokens[t] ?? 0;
      targets[row * sequenceLength + t] = tokens[t + 1] ?? 0;
    }
  });
  return { sequences: sequenceCount, sequenceLength, ids, targets };
}
