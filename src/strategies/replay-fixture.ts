import { SeededRandom } from '../base/random.ts';
import { blockLayout, type BlockLayout, type ParameterSpec } from '../compression/blocks.ts';
import { encodeUpdate, type SparseUpdate } from '../compression/sparse-update.ts';
import { presets } from '../model/config.ts';
import { parameterLayout } from '../model/parameters.ts';
import type { DistroHyperparameters } from './distro.ts';
import { cosineSchedule, defaultPeak } from './schedule.ts';
import type { WeightedPayload } from './strategy.ts';

/** A record reduced to what apply reads of it. */
export interface ReplayRecord {
  readonly round: number;
  readonly contributions: readonly WeightedPayload[];
}

/** A start and the records that follow it: everything that fixes the words at the end. */
export interface Replay {
  readonly specs: readonly ParameterSpec[];
  readonly hyper: DistroHyperparameters;
  /** f32 [all elements] */
  readonly initial: Float32Array<ArrayBuffer>;
  readonly records: readonly ReplayRecord[];
}

const largestInteger = 2 ** 24 - 1;

/**
 * A seeded run of the `nano` shape: 1 to 5 contributions of weight 1 to 4 a record. Initial values cover the whole lattice,
 * its ends included; indices crowd at low frequencies, as real ones do, so that votes meet and cancel.
 */
export function replayFixture(seed: number, rounds = 50): Replay {
  const random = new SeededRandom(seed);
  const { specs } = parameterLayout(presets.nano);
  const layout = blockLayout(specs);
  const hyper: DistroHyperparameters = {
    k: 8,
    momentumDecay: 0.99,
    schedule: cosineSchedule({ peak: defaultPeak, warmUp: 10, rounds }),
    decayPermille: 100,
    seed,
  };
  const initial = new Float32Array(layout.length);
  for (const { kind, rows, cols, offset } of specs) {
    const perUnit = kind === 'matrix' ? 2 ** 22 : 2 ** 20;
    for (let i = offset; i < offset + rows * cols; i++) {
      const edge = random.below(50) === 0;
      const q = edge ? (random.below(3) - 1) * largestInteger : random.below(2 ** 18) - 2 ** 17;
      initial[i] = (q + 0) / perUnit;
    }
  }
  const records = Array.from({ length: rounds }, (_, index) => ({
    round: index + 1,
    contributions: Array.from({ length: 1 + random.below(5) }, () => ({
      payload: encodeUpdate(layout, hyper.k, randomUpdate(layout, hyper.k, random)),
      weight: 1 + random.below(4),
    })),
  }));
  return { specs, hyper, initial, records };
}

/** An update anyone could send: up to k coefficients a block, some blocks empty, half of the indices at low frequencies. */
export function randomUpdate(layout: BlockLayout, k: number, random: SeededRandom): SparseUpdate {
  const starts = new Uint32Array(layout.blocks + 1);
  const indices: number[] = [];
  const negative: number[] = [];
  for (const { blocks, size, firstBlock } of layout.parameters) {
    for (let block = firstBlock; block < firstBlock + blocks; block++) {
      const count = random.below(3) === 0 ? random.below(k + 1) : k;
      const chosen = new Set<number>();
      while (chosen.size < Math.min(count, size)) {
        const low = random.below(2) === 0;
        const side = Math.min(8, size);
        chosen.add(low ? 64 * random.below(size / 64 > 1 ? side : 1) + random.below(8) : random.below(size));
      }
      for (const index of [...chosen].sort((a, b) => a - b)) {
        indices.push(index);
        negative.push(random.below(2));
      }
      starts[block + 1] = indices.length;
    }
  }
  return { starts, indices: Uint16Array.from(indices), negative: Uint8Array.from(negative) };
}

/** The same items in another order. */
export function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}
