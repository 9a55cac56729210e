import type { Clock } from '../base/clock.ts';
import { Gpu } from '../gpu/gpu.ts';
import { matmul } from '../kernels/matmul.ts';
import type { PresetName } from '../model/config.ts';

export interface AdapterProbe {
  readonly gflops: number;
  readonly adapter: string;
  readonly software: boolean;
}

/** Measures the adapter with our own matmul: the best of three [256, 256] x [256, 256] batches, in GFLOP/s. */
export async function probeAdapter(entry: GPU | undefined, clock: Clock): Promise<AdapterProbe> {
  const gpu = await Gpu.open(entry);
  try {
    const n = 256;
    const [a, b, out] = ['a', 'b', 'out'].map((label) => gpu.tensor([n, n], 'f32', label));
    if (a === undefined || b === undefined || out === undefined) throw new Error('unreachable');
    const product = matmul(gpu, { a, b, out, m: n, n, k: n, transpose: 'nn' });
    gpu.submit([product]);
    await gpu.idle();
    let best = 0;
    for (const repeats of [1, 4, 16]) {
      const start = clock.now();
      gpu.submit(Array.from({ length: repeats }, () => product));
      await gpu.idle();
      const seconds = Math.max(1e-4, (clock.now() - start) / 1000);
      best = Math.max(best, (repeats * 2 * n ** 3) / seconds / 1e9);
    }
    return { gflops: best, adapter: gpu.adapter.name, software: gpu.adapter.software };
  } finally {
    gpu.close();
  }
}

/** The largest preset that rounds in seconds at this speed, and why, in one sentence. */
export function choosePreset(gflops: number, software: boolean): { preset: PresetName; reason: string } {
  const speed = gflops < 10 ? gflops.toFixed(1) : Math.round(gflops).toString();
  const measured = `measured ${speed} GFLOP/s on this ${software ? 'software adapter' : 'GPU'}`;
  if (software || gflops < 50) return { preset: 'nano', reason: `nano, because we ${measured}` };
  if (gflops < 2_000) return { preset: 'micro', reason: `micro, because we ${measured}` };
  return { preset: 'small', reason: `small, because we ${measured}` };
}
