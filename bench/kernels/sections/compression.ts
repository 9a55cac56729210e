import { realClock } from '../../../src/base/clock.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { blockLayout } from '../../../src/compression/blocks.ts';
import { packingFamily } from '../../../src/compression/packing-tuner.ts';
import type { Gpu } from '../../../src/gpu/gpu.ts';
import { compressFamily } from '../../../src/kernels/compress-tuner.ts';
import { tune } from '../../../src/kernels/tuner.ts';
import { countParameters, presets, type ModelConfig } from '../../../src/model/config.ts';
import { Replica } from '../../../src/model/replica.ts';
import { DistroStrategy } from '../../../src/strategies/distro.ts';
import type { Trainable } from '../../../src/strategies/trainable.ts';
import type { Bench } from '../context.ts';
import { settled } from '../settle.ts';
import type { CompressionRow, Measured, Prepared } from '../types.ts';
import { randomMatrix, timedRow } from './row.ts';
import { stepSetup } from './step.ts';

/** What compression and apply are timed on: something to train, of so many parameters, with gradients in it. */
interface Subject {
  readonly name: string;
  readonly k: number;
  readonly parameters: number;
  open(gpu: Gpu): { readonly trainable: Trainable; readonly free: () => void };
}

/** What a volunteer has for all that it tunes at join. */
const tuneMs = 2_000;
/** The coefficients of a block that leave in a run of today: planRun. */
const usualK = 8;

/** A replica as volunteers have it, its gradients overwritten with noise. */
const modelSubject = (name: string, config: ModelConfig): Subject => ({
  name,
  k: usualK,
  parameters: countParameters(config),
  open: (gpu) => {
    const replica = Replica.create(gpu, config, { seed: 1, batch: 1, sequence: 64 });
    const random = new SeededRandom(5);
    for (const { gradient } of replica.tensors) gpu.write(gradient, randomMatrix(random, gradient.length));
    return {
      trainable: replica,
      free: () => {
        replica.close();
      },
    };
  },
});

/** 64 blocks of 64 x 64 in one matrix, top 32 of each, and no norm to scale by. */
const blocks64: Subject = {
  name: '64 blocks, k 32',
  k: 32,
  parameters: 512 * 512,
  open: (gpu) => {
    const shape = [512, 512];
    const random = new SeededRandom(5);
    const values = gpu.tensor(shape, 'f32', 'values');
    const gradient = gpu.tensor(shape, 'f32', 'gradient', randomMatrix(random, 512 * 512));
    const norm = gpu.tensor([2], 'f32', 'norm', Float32Array.of(1, 1));
    const spec = { name: 'matrix', kind: 'matrix', rows: 512, cols: 512, offset: 0 } as const;
    return {
      trainable: { gpu, tensors: [{ spec, values, gradient }], norm, gradientDispatches: [] },
      free: () => {
        gpu.free(values, gradient, norm);
      },
    };
  },
};

const subjects = (software: boolean): Subject[] => [
  blocks64,
  modelSubject('nano', presets.nano),
  modelSubject('1.1M', stepSetup.model),
  ...(software ? [] : [modelSubject('small', presets.small)]),
];

const strategyOf = (trainable: Trainable, k: number): DistroStrategy =>
  new DistroStrategy(trainable, {
    k,
    momentumDecay: 0.99,
    schedule: [[0, 4194]],
    decayPermille: 100,
    seed: 1,
  });

/**
 * DistroStrategy.compress as a round calls it, the read-back and the bytes of the payload included. The least it must move
 * is 12 bytes a parameter: gradient and momentum read, momentum written.
 */
export async function compressionSection(bench: Bench): Promise<NonNullable<Measured['compression']>> {
  const rows = await rowsOf(bench, 'compress', 12, (_, strategy) => {
    let round = 0;
    return Promise.resolve(async () => {
      const payload = await strategy.compress(++round);
      strategy.forget(round);
      if (round === 1 && strategy.payloadProblem(payload) !== undefined) throw new Error('no valid payload');
    });
  });
  return sectionOf(rows);
}

/**
 * DistroStrategy.apply of three volunteers' votes, as a round calls it, from the vote list to the moved parameters. The
 * least it must move is 8 bytes a parameter: each read and written.
 */
export async function applySection(bench: Bench): Promise<NonNullable<Measured['apply']>> {
  const rows = await rowsOf(bench, 'apply', 8, async ({ gpu }, strategy) => {
    const payloads = [];
    for (let round = 1; round <= 3; round++) payloads.push(await strategy.compress(round));
    const update = strategy.aggregate(payloads.map((payload) => ({ payload, weight: 4 })));
    let round = 0;
    return async () => {
      await strategy.apply(++round, update);
      await settled(gpu.device);
    };
  });
  return sectionOf(rows);
}

/** The figure of a section is that of the 1.1M-parameter model, or of the largest there is. */
function sectionOf(rows: readonly CompressionRow[]): {
  ms: number;
  shareOfCopy: number;
  rows: readonly CompressionRow[];
} {
  const last = rows[rows.length - 1];
  return { ms: last.ours.medianMs, shareOfCopy: last.share ?? 0, rows };
}

async function rowsOf(
  bench: Bench,
  op: string,
  bytesEach: number,
  prepare: (trainable: Trainable, strategy: DistroStrategy) => Promise<() => Promise<void>>,
): Promise<CompressionRow[]> {
  const { gpu } = bench.ours;
  const rows: CompressionRow[] = [];
  for (const subject of subjects(gpu.adapter.software)) {
    const { trainable, free } = subject.open(gpu);
    const layout = blockLayout(trainable.tensors.map(({ spec }) => spec));
    const families = [compressFamily(gpu, layout.blocks, subject.k), packingFamily(gpu, layout, subject.k)];
    await tune(gpu.choices, families, { clock: realClock, budgetMs: tuneMs });
    const strategy = strategyOf(trainable, subject.k);
    const prepared: Prepared = {
      run: await prepare(trainable, strategy),
      result: () => Promise.resolve(new Float32Array(0)),
      free,
    };
    const { parameters, name } = subject;
    const timed = await timedRow(
      bench,
      { op, shape: name, bytes: bytesEach * parameters },
      new Map([['ours', prepared]]),
    );
    const row = { ...timed, parameters };
    rows.push(row);
    bench.tellRow(row);
    strategy.close();
    free();
  }
  return rows;
}
