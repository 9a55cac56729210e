import type { Clock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import { Gpu } from '../gpu/gpu.ts';
import { matmul } from '../kernels/matmul.ts';
import type { PresetName } from '../model/config.ts';

export interface AdapterProbe {
  readonly gflops: number;
  readonly adapter: string;
  readonly software: boolean;
}

/** Sizes n of the [n, n] x [n, n] products measured: a large GPU is idle in a small one. */
const sizes = [256, 1024, 2048] as const;
const products = 4;
/** The next size, 8 to 64 times the work, is tried only where this one took less than this. */
const quickMs = 60;

/** Measures the adapter with our own matmul: the best rate over growing sizes, in GFLOP/s. Takes about a second. */
export async function probeAdapter(entry: GPU | undefined, clock: Clock): Promise<AdapterProbe> {
  const gpu = await Gpu.open(entry);
  const errors: string[] = [];
  gpu.device.addEventListener('uncapturederror', ({ error }) => errors.push(error.message));
  try {
    let best = 0;
    for (const n of sizes) {
      const ms = await timeProducts(gpu, clock, n);
      best = Math.max(best, (products * 2 * n ** 3) / ms / 1e6);
      if (ms > quickMs) break;
    }
    if (errors.length > 0) {
      throw new StarlingError(
        'probe-failed',
        `The GPU could not run a first calculation: ${errors[0]}`,
        'Update the graphics driver or use another browser.',
      );
    }
    return { gflops: best, adapter: gpu.adapter.name, software: gpu.adapter.software };
  } finally {
    gpu.close();
  }
}

/** Milliseconds for `products` products of size n, the better of two tries after a first one that compiles. */
async function timeProducts(gpu: Gpu, clock: Clock, n: number): Promise<number> {
  const tensors = ['a', 'b', 'out'].map((label) => gpu.tensor([n, n], 'f32', label));
  const [a, b, out] = tensors;
  const product = matmul(gpu, { a, b, out, m: n, n, k: n, transpose: 'nn' });
  gpu.submit([product]);
  await gpu.idle();
  let best = Infinity;
  for (let attempt = 0; attempt < 2; attempt++) {
    const start = clock.now();
    gpu.submit(Array.from({ length: products }, () => product));
    await gpu.idle();
    best = Math.min(best, Math.max(0.1, clock.now() - start));
  }
  gpu.free(...tensors);
  return best;
}

/** The largest preset that rounds in seconds at this speed, and why, in one sentence. */
export function choosePreset(gflops: number, software: boolean): { preset: PresetName; reason: string } {
  const speed = gflops < 10 ? gflops.toFixed(1) : Math.round(gflops).toString();
  const measured = `measured ${speed} GFLOP/s on this ${software ? 'software adapter' : 'GPU'}`;
  if (software || gflops < 50) return { preset: 'nano', reason: `nano, because we ${measured}` };
  if (gflops < 1_000) return { preset: 'micro', reason: `micro, because we ${measured}` };
  return { preset: 'small', reason: `small, because we ${measured}` };
}
