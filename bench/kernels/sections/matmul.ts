import { SeededRandom } from '../../../src/base/random.ts';
import type { Transpose } from '../../../src/kernels/matmul.reference.ts';
import { presets } from '../../../src/model/config.ts';
import type { Bench } from '../context.ts';
import { inputSets } from '../interleave.ts';
import { geometricMean } from '../statistics.ts';
import type { LibraryName, MatmulSize, Measured, PeerName, Prepared, Row } from '../types.ts';
import { randomMatrix, timedRow } from './row.ts';

/** The five shapes every peer runs: squares, and the two projections of a block of width 384. */
const comparedSizes: readonly MatmulSize[] = [
  { m: 256, k: 256, n: 256 },
  { m: 512, k: 512, n: 512 },
  { m: 1024, k: 384, n: 1536 },
  { m: 1024, k: 1536, n: 384 },
  { m: 1024, k: 1024, n: 1024 },
];

/** Ours alone: the other transposes, sizes that no tile divides, and what a micro-batch of a preset multiplies. */
function ownSizes(software: boolean): (MatmulSize & { transpose: Transpose; what: string })[] {
  const all = ['nn', 'nt', 'tn'] as const;
  const square = { m: 512, k: 512, n: 512 };
  const odd = { m: 509, k: 331, n: 257 };
  const sizes = [
    ...(['nt', 'tn'] as const).map((transpose) => ({ ...square, transpose, what: '' })),
    ...all.map((transpose) => ({ ...odd, transpose, what: 'odd' })),
    { m: 1, k: 768, n: 256, transpose: 'nt' as const, what: 'one row' },
  ];
  for (const [name, { width, hidden, context }] of Object.entries(presets)) {
    if (software && name === 'small') continue; // 10 GFLOP a product: minutes here
    const rows = (name === 'small' ? 1 : 4) * context;
    sizes.push(
      { m: rows, k: width, n: 2 * hidden, transpose: 'nt', what: `${name} gateUp` },
      { m: rows, k: 2 * hidden, n: width, transpose: 'nn', what: `${name} d gateUp / d x` },
      { m: 2 * hidden, k: rows, n: width, transpose: 'tn', what: `${name} d gateUp / d W` },
    );
  }
  return software ? sizes : [...sizes, { m: 4096, k: 4096, n: 4096, transpose: 'nn', what: '' }];
}

export async function matmulSection(bench: Bench): Promise<NonNullable<Measured['matmul']>> {
  const rows: Row[] = [];
  const ratios = new Map<PeerName, number[]>();
  for (const size of comparedSizes) {
    const sets = inputsOf(size);
    const contenders = new Map<LibraryName, Prepared>();
    for (const library of bench.libraries) contenders.set(library.name, await library.matmul(size, sets));
    const row = await matmulRow(bench, 'matmul nn', size, contenders);
    rows.push(row);
    for (const [name, { ratio }] of Object.entries(row.peers)) {
      const peer = name as PeerName;
      ratios.set(peer, [...(ratios.get(peer) ?? []), ratio]);
    }
  }
  for (const { transpose, what, ...size } of ownSizes(bench.ours.gpu.adapter.software)) {
    const prepared = await bench.ours.matmul(size, inputsOf(size), transpose);
    const op = `matmul ${transpose}${what === '' ? '' : `, ${what}`}`;
    rows.push(await matmulRow(bench, op, size, new Map([['ours', prepared]])));
  }
  const geomeanRatio = Object.fromEntries([...ratios].map(([peer, all]) => [peer, geometricMean(all)]));
  return { rows, geomeanRatio };
}

/** Pairs A, B; the length is the same whichever way an operand lies. */
function inputsOf({ m, k, n }: MatmulSize): Float32Array<ArrayBuffer>[][] {
  const random = new SeededRandom(m * 31 + k * 17 + n);
  return Array.from({ length: inputSets }, () => [randomMatrix(random, m * k), randomMatrix(random, k * n)]);
}

async function matmulRow(
  bench: Bench,
  op: string,
  { m, k, n }: MatmulSize,
  contenders: ReadonlyMap<LibraryName, Prepared>,
): Promise<Row> {
  const row = await timedRow(bench, { op, shape: `${m}x${k}x${n}`, flops: 2 * m * k * n }, contenders);
  for (const prepared of contenders.values()) prepared.free();
  bench.tellRow(row);
  return row;
}
