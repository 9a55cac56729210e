import type { Clock } from '../base/clock.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { linear, linearBackward } from '../model/block.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Precision } from '../model/precision.ts';

/** What a volunteer's gradients are computed in, and why: a sentence for people. */
export interface PrecisionChoice {
  readonly precision: Precision;
  readonly reason: string;
}

const budgetMs = 400;
/** Enough to fill a GPU, and little memory beside what the model takes. */
const mostRows = 2048;
/** Mixed precision halves what activations take, so that it wins where the two are as quick as each other. */
const equal = 1.05;

/**
 * `wished` where the GPU can do it; otherwise `mixed` where the GPU has f16 and is not slower with it, by measuring the products of
 * the model's widest layer in both for 0.4 s, pipelines not counted. Throws what `Gpu.prepare` throws.
 */
export async function choosePrecision(
  gpu: Gpu,
  model: ModelConfig,
  size: { readonly batch: number; readonly sequence: number },
  { clock, wished }: { readonly clock: Clock; readonly wished: Precision | undefined },
): Promise<PrecisionChoice> {
  if (!gpu.device.features.has('shader-f16'))
    return {
      precision: 'f32',
      reason: `This GPU or browser offers no f16${wished === 'mixed' ? ', though mixed precision was asked for' : ''}.`,
    };
  if (wished !== undefined) return { precision: wished, reason: 'It was asked for.' };
  const [f32Ms, mixedMs] = await measure(gpu, model, size, clock);
  return preferred(f32Ms, mixedMs);
}

/** Of the time the same work takes in either, ms. */
export function preferred(f32Ms: number, mixedMs: number): PrecisionChoice {
  const measured = `${mixedMs.toFixed(1)} ms against ${f32Ms.toFixed(1)}`;
  return mixedMs <= equal * f32Ms
    ? { precision: 'mixed', reason: `Products of f16 are not slower here: ${measured}.` }
    : { precision: 'f32', reason: `Products of f16 are slower here: ${measured}.` };
}

/** The least time of either, taken turn about. */
async function measure(
  gpu: Gpu,
  { width, hidden }: ModelConfig,
  { batch, sequence }: { readonly batch: number; readonly sequence: number },
  clock: Clock,
): Promise<readonly [f32Ms: number, mixedMs: number]> {
  const rows = Math.min(mostRows, batch * sequence);
  const owned: Tensor[] = [];
  const layer = (stored: 'f32' | 'f16'): Dispatch[] => {
    const own = (shape: readonly number[], dtype: 'f32' | 'f16' = stored): Tensor => {
      const tensor = gpu.tensor(shape, dtype, 'precision');
      owned.push(tensor);
      return tensor;
    };
    const [x, dX, w] = [own([rows, width]), own([rows, width]), own([2 * hidden, width])];
    const [out, activated] = [own([rows, 2 * hidden]), own([rows, hidden])];
    const dW = own([2 * hidden, width], 'f32');
    return [
      linear(gpu, x, w, out, { kind: 'swiglu', activated }),
      ...linearBackward(gpu, { x, w, dOut: out, dX, dW, scale: 1 }),
    ];
  };
  const ways = await gpu.prepare('measuring its precision', () => [layer('f32'), layer('f16')] as const);
  const least: [number, number] = [Infinity, Infinity];
  const end = clock.now() + budgetMs;
  do {
    for (const way of [0, 1] as const) {
      const start = clock.now();
      gpu.submit(ways[way]);
      await gpu.idle();
      least[way] = Math.min(least[way], clock.now() - start);
    }
  } while (clock.now() < end);
  gpu.free(...owned);
  return least;
}
