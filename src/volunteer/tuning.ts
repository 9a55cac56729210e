import type { Clock } from '../base/clock.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { keptChoices, recallChoices, tuneMatmul } from '../kernels/matmul-tuner.ts';
import type { ModelConfig } from '../model/config.ts';
import { productShapes } from '../model/product-shapes.ts';

/** Where a host keeps what was measured, by adapter. Anything may come back: it is checked. */
export interface TuningStore {
  get(adapter: string): Promise<unknown>;
  put(adapter: string, choices: Readonly<Record<string, string>>): Promise<void>;
}

/** A volunteer that waits longer than this to begin learns nothing it can make up for. */
const budgetMs = 2_000;

/**
 * Chooses the variants of the model's products: as kept for this adapter and driver, else by measuring for two seconds. Never
 * fails for want of a store.
 */
export async function tuneProducts(
  gpu: Gpu,
  model: ModelConfig,
  size: { readonly batch: number; readonly sequence: number },
  { clock, store }: { readonly clock: Clock; readonly store: TuningStore | undefined },
): Promise<void> {
  const shapes = productShapes(model, size);
  const { vendor, architecture, description } = gpu.adapter;
  const adapter = `${vendor}/${architecture}/${description}`;
  // A store that refuses costs two seconds at the next visit, and nothing else.
  const kept = await store?.get(adapter).catch(() => undefined);
  // What a busy machine had no time for at one visit is measured at the next.
  const unknown = recallChoices(gpu, kept, shapes);
  if (unknown.length === 0) return;
  const trials = await tuneMatmul(gpu, unknown, { clock, budgetMs });
  if (trials.length > 0) await store?.put(adapter, keptChoices(gpu)).catch(() => undefined);
}
