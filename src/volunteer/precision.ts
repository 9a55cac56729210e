import type { Clock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import { SeededRandom } from '../base/random.ts';
import type { Gpu, HostArray } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import { slice, type Tensor } from '../gpu/tensor.ts';
import { linear, linearBackward } from '../model/block.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Precision } from '../model/precision.ts';

/** What a volunteer's gradients are computed in, and why: a sentence for people. */
export interface PrecisionChoice {
  readonly precision: Precision;
  readonly reason: string;
}

export interface PrecisionWishes {
  readonly clock: Clock;
  readonly wished: Precision | undefined;
  /** There is no memory for measuring. */
  readonly isShort?: boolean;
}

const budgetMs = 400;
/** Enough to fill a GPU, and little memory beside what the model takes. */
const mostRows = 2048;
/** Mixed precision halves what activations take, so that it wins where the two are as quick as each other. */
const equal = 1.05;
/** Relative L2 of the products' gradients: ten times what storing halves costs, and far below what a broken kernel gives. */
const mostDifference = 1e-2;
/** A submit holds as many runs as fill this long: of a run alone, the cost of a submit is what is measured. */
const submitMs = 20;
const mostInSubmit = 512;
/** So many elements of each result are compared. */
const mostCompared = 1 << 16;
/** A prime, so that no two rows read the same numbers. */
const period = 8_191;

/** What is wrong with f16 here, and not with the GPU as a whole. */
const refusals = ['gpu-validation', 'gpu-internal', 'gpu-out-of-memory'];

/**
 * `wished` where the GPU can do it; otherwise `mixed` where the GPU has f16 and is not slower with it and computes
 * the same, by measuring the products of the model's widest layer in both for 0.4 s, pipelines not counted. A GPU that offers f16
 * and refuses it computes in f32.
 */
export async function choosePrecision(
  gpu: Gpu,
  model: ModelConfig,
  size: { readonly batch: number; readonly sequence: number },
  { clock, wished, isShort = false }: PrecisionWishes,
): Promise<PrecisionChoice> {
  if (!gpu.device.features.has('shader-f16'))
    return {
      precision: 'f32',
      reason: `This GPU or browser offers no f16${wished === 'mixed' ? ', though mixed precision was asked for' : ''}.`,
    };
  if (wished !== undefined) return { precision: wished, reason: 'It was asked for.' };
  if (isShort)
    return { precision: 'f32', reason: 'There was too little memory to measure f16 beside the model.' };
  try {
    return preferred(await measure(gpu, model, size, clock));
  } catch (thrown) {
    if (!(thrown instanceof StarlingError) || !refusals.includes(thrown.code)) throw thrown;
    return { precision: 'f32', reason: `f16 could not be measured here. ${thrown.message}` };
  }
}

/** The same work in either, of which the times are compared, ms, and the results, relative L2. */
export interface Measured {
  readonly f32Ms: number;
  readonly mixedMs: number;
  readonly difference: number;
}

export function preferred({ f32Ms, mixedMs, difference }: Measured): PrecisionChoice {
  if (!(difference < mostDifference))
    return {
      precision: 'f32',
      reason: `Products of f16 are wrong here: they differ from f32 by ${(100 * difference).toFixed(1)} %.`,
    };
  const digits = (ms: number): string => (ms < 1 ? ms.toPrecision(2) : ms.toFixed(1));
  const measured = `${digits(mixedMs)} ms against ${digits(f32Ms)}`;
  return mixedMs <= equal * f32Ms
    ? { precision: 'mixed', reason: `Products of f16 are not slower here: ${measured}.` }
    : { precision: 'f32', reason: `Products of f16 are slower here: ${measured}.` };
}

/** The least time of either, taken turn about. Throws what `Gpu.prepare` throws. */
async function measure(
  gpu: Gpu,
  { width, hidden }: ModelConfig,
  { batch, sequence }: { readonly batch: number; readonly sequence: number },
  clock: Clock,
): Promise<Measured> {
  const rows = Math.min(mostRows, batch * sequence);
  const owned: Tensor[] = [];
  const layer = (stored: 'f32' | 'f16'): Way => {
    const own = (shape: readonly number[], dtype: 'f32' | 'f16' = stored, values?: Values): Tensor => {
      const tensor = gpu.tensor(shape, dtype, 'precision', values);
      owned.push(tensor);
      return tensor;
    };
    const x = own([rows, width], stored, numbers(rows * width, 1));
    const w = own([2 * hidden, width], stored, numbers(2 * hidden * width, 1 / Math.sqrt(width)));
    const [dX, out, activated] = [own([rows, width]), own([rows, 2 * hidden]), own([rows, hidden])];
    const dW = own([2 * hidden, width], 'f32');
    return {
      dispatches: [
        linear(gpu, x, w, out, { kind: 'swiglu', activated }),
        ...linearBackward(gpu, { x, w, dOut: out, dX, dW, scale: 1 }),
      ],
      results: [activated, dX, dW],
      runs: 1,
      ms: Infinity,
    };
  };
  try {
    const ways = await gpu.prepare('measuring its precision', () => [layer('f32'), layer('f16')] as const);
    const [f32, mixed] = ways;
    const difference = farthest(await resultsOf(gpu, f32), await resultsOf(gpu, mixed));
    const end = clock.now() + budgetMs;
    for (const way of ways) {
      for (;;) {
        way.ms = await timed(gpu, way, clock);
        const ms = way.runs * way.ms;
        if (ms >= submitMs || way.runs === mostInSubmit) break;
        way.runs = Math.min(mostInSubmit, Math.ceil(way.runs * Math.min(8, Math.max(1.5, submitMs / ms))));
      }
    }
    while (clock.now() < end) for (const way of ways) way.ms = Math.min(way.ms, await timed(gpu, way, clock));
    return { f32Ms: f32.ms, mixedMs: mixed.ms, difference };
  } finally {
    gpu.free(...owned);
  }
}

type Values = Float32Array<ArrayBuffer>;

interface Way {
  readonly dispatches: readonly Dispatch[];
  readonly results: readonly Tensor[];
  /** In a submit. */
  runs: number;
  /** The least of one run. */
  ms: number;
}

/** Of one run, ms. */
async function timed(gpu: Gpu, { dispatches, runs }: Way, clock: Clock): Promise<number> {
  const all = Array.from({ length: runs }, () => dispatches).flat();
  const start = clock.now();
  gpu.submit(all);
  await gpu.idle();
  return (clock.now() - start) / runs;
}

/** The first numbers of each result of one run. */
function resultsOf(gpu: Gpu, { dispatches, results }: Way): Promise<readonly HostArray[]> {
  const parts = results.map((tensor) => slice(tensor, 0, [Math.min(tensor.length, mostCompared)]));
  return gpu.submitAndRead(dispatches, parts);
}

/** The greatest relative L2 between a result and what is expected; what is no number anywhere is as far as can be. */
export function farthest(
  expected: readonly ArrayLike<number>[],
  actual: readonly ArrayLike<number>[],
): number {
  const differences = expected.map((one, index) => {
    let [difference, norm] = [0, 0];
    for (let i = 0; i < one.length; i++) {
      difference += (actual[index][i] - one[i]) ** 2;
      norm += one[i] ** 2;
    }
    const ratio = Math.sqrt(difference / norm);
    return Number.isNaN(ratio) ? Infinity : ratio;
  });
  return Math.max(...differences);
}

/** Roughly even over [-scale, scale), the same in every call. */
function numbers(length: number, scale: number): Values {
  const random = new SeededRandom(0);
  const some = Float32Array.from({ length: period }, () => (random.below(1 << 16) / (1 << 15) - 1) * scale);
  return Float32Array.from({ length }, (_, i) => some[i % period]);
}
