import { SeededRandom } from '../../../src/base/random.ts';
import { gradientNorm, partialsPerTensor } from '../../../src/kernels/gradient-norm.ts';
import type { Gpu } from '../../../src/gpu/gpu.ts';
import { presets, type ModelConfig } from '../../../src/model/config.ts';
import { initialParameters, parameterLayout, type ParameterSpec } from '../../../src/model/parameters.ts';
import { DistroStrategy } from '../../../src/strategies/distro.ts';
import type { Trainable } from '../../../src/strategies/trainable.ts';
import type { Bench } from '../bench.ts';
import { settled } from '../settle.ts';
import type { CompressionRow, Measured, Prepared } from '../types.ts';
import { randomMatrix, timedRow } from './row.ts';
import { stepSetup } from './step.ts';

/** What compression and apply are timed on. */
interface Subject {
  readonly name: string;
  readonly k: number;
  readonly parameters: number;
  readonly specs: readonly ParameterSpec[];
  readonly values: Float32Array<ArrayBuffer>;
}

/** The coefficients of a block that leave in a run of today: planRun. */
const usualK = 8;

function modelSubject(name: string, config: ModelConfig): Subject {
  const { specs, length } = parameterLayout(config);
  return { name, k: usualK, parameters: length, specs, values: initialParameters(config, 1) };
}

/** 64 blocks of 64 x 64 in one matrix, top 32 of each. */
const blocks64: Subject = {
  name: '64 blocks, k 32',
  k: 32,
  parameters: 512 * 512,
  specs: [{ name: 'matrix', kind: 'matrix', rows: 512, cols: 512, offset: 0 }],
  values: new Float32Array(512 * 512),
};

const subjects = (software: boolean): Subject[] => [
  blocks64,
  modelSubject('nano', presets.nano),
  modelSubject('1.1M', stepSetup),
  ...(software ? [] : [modelSubject('small', presets.small)]),
];

/** A strategy on made-up gradients, and how to end it. The gradients are scaled by the shipped norm, as in training. */
function trainableOf(gpu: Gpu, { specs, values }: Subject): { trainable: Trainable; free: () => void } {
  const random = new SeededRandom(5);
  const tensors = specs.map((spec) => {
    const length = spec.rows * spec.cols;
    const shape = [spec.rows, spec.cols];
    return {
      spec,
      values: gpu.tensor(shape, 'f32', spec.name, values.slice(spec.offset, spec.offset + length)),
      gradient: gpu.tensor(shape, 'f32', `${spec.name}.gradient`, randomMatrix(random, length)),
    };
  });
  const norm = gpu.tensor([2], 'f32', 'norm');
  const partials = gpu.tensor([tensors.length * partialsPerTensor], 'f32', 'partials');
  const gradients = tensors.map(({ gradient }) => gradient);
  const { dispatches } = gradientNorm(gpu, { gradients, partials, norm }, { maxNorm: 1, divisor: 1 });
  return {
    trainable: { gpu, tensors, norm, gradientDispatches: dispatches },
    free: () => {
      gpu.free(...tensors.flatMap((tensor) => [tensor.values, tensor.gradient]), norm, partials);
    },
  };
}

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
    const { trainable, free } = trainableOf(gpu, subject);
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
