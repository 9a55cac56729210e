import { SeededRandom } from '../../../src/base/random.ts';
import type { Bench } from '../context.ts';
import { inputSets } from '../interleave.ts';
import type { AttentionInputs, AttentionSize, AttentionWork, LibraryName, Prepared, Row } from '../types.ts';
import { randomMatrix, timedRow } from './row.ts';

const usualSizes: readonly AttentionSize[] = [
  { batch: 8, sequence: 128, heads: 4, headSize: 32 },
  { batch: 1, sequence: 512, heads: 8, headSize: 64 },
];

/** As in bench/torch_baseline.py: too much for a CPU that stands in for a GPU. */
const hardwareSize: AttentionSize = { batch: 4, sequence: 1024, heads: 12, headSize: 64 };

/**
 * Operations of the causal half alone: 2 of q k' and 2 of p v for each of T (T + 1) / 2 pairs and each element of a head;
 * backward has five such products for forward's two. Work done on pairs that look ahead counts for nothing.
 */
export function attentionFlops(
  { batch, sequence, heads, headSize }: AttentionSize,
  work: AttentionWork,
): number {
  const forward = 4 * batch * heads * headSize * ((sequence * (sequence + 1)) / 2);
  return { forward, backward: 2.5 * forward, both: 3.5 * forward }[work];
}

export async function attentionSection(bench: Bench): Promise<Row[]> {
  const rows: Row[] = [];
  const sizes = bench.ours.gpu.adapter.software ? usualSizes : [...usualSizes, hardwareSize];
  for (const size of sizes) {
    const { batch, sequence, heads, headSize } = size;
    const random = new SeededRandom(sequence);
    const values = (): Float32Array<ArrayBuffer> => randomMatrix(random, batch * sequence * heads * headSize);
    const sets = Array.from({ length: inputSets }, (): AttentionInputs => ({
      q: values(),
      k: values(),
      v: values(),
      dOut: values(),
    }));
    for (const work of ['forward', 'backward', 'both'] as const) {
      const contenders = new Map<LibraryName, Prepared>();
      for (const { name, attention } of bench.libraries) {
        const prepared = await attention?.(size, work, sets);
        if (prepared !== undefined) contenders.set(name, prepared);
      }
      const row = await timedRow(
        bench,
        {
          op: `attention ${work === 'both' ? 'forward + backward' : work}`,
          shape: `B${batch} T${sequence} H${heads} hs${headSize}`,
          flops: attentionFlops(size, work),
        },
        contenders,
      );
      rows.push(row);
      bench.tellRow(row);
      for (const prepared of contenders.values()) prepared.free();
    }
  }
  return rows;
}
