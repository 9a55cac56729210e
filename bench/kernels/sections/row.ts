import type { SeededRandom } from '../../../src/base/random.ts';
import type { Bench } from '../context.ts';
import { interleave } from '../interleave.ts';
import { pairedRatio, relativeL2, timingOf } from '../statistics.ts';
import type { LibraryName, PeerCell, Prepared, Row } from '../types.ts';

/** Results that differ by more than this, in relative L2, are not results of the same thing. */
const largestDifference = 1e-3;

/** Uniform in [-1, 1). */
export const randomMatrix = (random: SeededRandom, length: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length }, () => 2 * random.float() - 1);

/**
 * Checks that all contenders agree with ours, times them in turns, and makes a row of it. `flops` or `bytes` is the least
 * that the operation takes. Throws where results differ.
 */
export async function timedRow(
  bench: Bench,
  { op, shape, flops, bytes }: { op: string; shape: string; flops?: number; bytes?: number },
  contenders: ReadonlyMap<LibraryName, Prepared>,
): Promise<Row> {
  const ours = contenders.get('ours');
  if (ours === undefined) throw new Error(`${op} ${shape}: we are not in it`);
  const expected = contenders.size > 1 ? await ours.result() : new Float32Array(0);
  const differences = new Map<LibraryName, number>();
  for (const [name, prepared] of contenders) {
    if (name === 'ours') continue;
    const difference = relativeL2(await prepared.result(), expected);
    if (difference > largestDifference)
      throw new Error(`${op} ${shape}: ${name} and ours differ by ${difference}`);
    differences.set(name, difference);
  }
  const times = await interleave(contenders, bench.runs);
  bench.checkErrors();
  const oursMs = times.get('ours') ?? [];
  const timing = timingOf(oursMs);
  const speed = {
    ...(flops === undefined ? {} : { gflops: flops / timing.medianMs / 1e6 }),
    ...(bytes === undefined ? {} : { gbps: bytes / timing.medianMs / 1e6 }),
  };
  const share =
    speed.gflops === undefined
      ? (speed.gbps ?? 0) / bench.roofline.copyGBs
      : speed.gflops / bench.roofline.fmaGflops;
  const cells = [...times].flatMap(([name, ms]): [LibraryName, PeerCell][] => {
    if (name === 'ours') return [];
    const theirs = timingOf(ms);
    const cell = {
      ...theirs,
      ...(flops === undefined ? {} : { gflops: flops / theirs.medianMs / 1e6 }),
      ratio: pairedRatio(ms, oursMs),
      difference: differences.get(name) ?? NaN,
    };
    return [[name, cell]];
  });
  return { op, shape, dtype: 'f32', ours: timing, ...speed, share, peers: Object.fromEntries(cells) };
}
