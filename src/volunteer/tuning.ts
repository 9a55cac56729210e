import type { Clock } from '../base/clock.ts';
import { blockLayout } from '../compression/blocks.ts';
import { packingFamily } from '../compression/packing-tuner.ts';
import { packings } from '../compression/payload-packer.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { attentionFamily } from '../kernels/attention-tuner.ts';
import { attentionVariants } from '../kernels/attention-variants.ts';
import { compressFamily } from '../kernels/compress-tuner.ts';
import { compressVariants } from '../kernels/compress.ts';
import { matmulVariants } from '../kernels/matmul-source.ts';
import { matmulFamily } from '../kernels/matmul-tuner.ts';
import { keptChoices, recallChoices, undecided } from '../kernels/choices.ts';
import { tune, type Family } from '../kernels/tuner.ts';
import type { ModelConfig } from '../model/config.ts';
import { parameterLayout } from '../model/parameters.ts';
import { attentionShape, productShapes } from '../model/product-shapes.ts';

/** Where a host keeps what was measured, by adapter. Anything may come back: it is checked. */
export interface TuningStore {
  get(adapter: string): Promise<unknown>;
  put(adapter: string, choices: Readonly<Record<string, string>>): Promise<void>;
}

/** A volunteer that waits longer than this to begin learns nothing it can make up for. */
const budgetMs = 2_000;
/** Work fails a moment before the device says that it is lost. */
const reasonComesWithinMs = 300;

export interface TuningHelp {
  readonly clock: Clock;
  readonly store: TuningStore | undefined;
  /** Throws where the GPU has failed meanwhile. */
  readonly check?: () => void;
}

/** What a volunteer will do over and over. */
export interface TunedWork {
  readonly batch: number;
  readonly sequence: number;
  /** Coefficients of a block that leave in a round; without, nothing is compressed. */
  readonly k?: number;
}

const names = new Set<string>([
  ...matmulVariants.map(({ name }) => name),
  ...attentionVariants.map(({ name }) => name),
  ...compressVariants,
  ...packings,
]);

/**
 * Chooses the variants of a model's products, its attention and its compression: as kept for this adapter and driver, else by
 * measuring for two seconds, products first. Never fails for want of a store. Throws what `check` throws after measuring: then what was
 * measured says nothing, and is neither taken nor kept.
 */
export async function tuneKernels(
  gpu: Gpu,
  model: ModelConfig,
  work: TunedWork,
  { clock, store, check }: TuningHelp,
): Promise<void> {
  const { vendor, architecture, description } = gpu.adapter;
  const adapter = `${vendor}/${architecture}/${description}`;
  // A store that refuses costs two seconds at the next visit, and nothing else.
  recallChoices(gpu, await store?.get(adapter).catch(() => undefined), names);
  // Who was left out at one visit is measured at the next. A case that took over the winner of another of its like stays as it is:
  // measuring every shape anew would not end within a few visits.
  const open = familiesOf(gpu, model, work)
    .map((family) => ({ ...family, contests: undecided(gpu.choices, family.contests) }))
    .filter(({ contests }) => contests.length > 0);
  if (open.length === 0) return;
  const before = new Map(gpu.choices);
  const trials = await tune(gpu.choices, open, { clock, budgetMs });
  if (trials.some(({ problem }) => problem !== undefined)) await lossOrPause(gpu, clock);
  try {
    check?.();
  } catch (thrown) {
    gpu.choices.clear();
    for (const [key, variant] of before) gpu.choices.set(key, variant);
    throw thrown;
  }
  if (trials.length > 0) await store?.put(adapter, keptChoices(gpu)).catch(() => undefined);
}

async function lossOrPause(gpu: Gpu, clock: Clock): Promise<void> {
  let cancel = (): void => undefined;
  const pause = new Promise<void>((resolve) => {
    cancel = clock.after(reasonComesWithinMs, resolve);
  });
  await Promise.race([gpu.lost, pause]);
  cancel();
}

function familiesOf(gpu: Gpu, model: ModelConfig, { k, ...size }: TunedWork): readonly Family[] {
  const learning = [
    matmulFamily(gpu, productShapes(model, size), model.blocks),
    attentionFamily(gpu, attentionShape(model, size), model.blocks),
  ];
  if (k === undefined) return learning;
  const layout = blockLayout(parameterLayout(model).specs);
  return [...learning, compressFamily(gpu, layout.blocks, k), packingFamily(gpu, layout, k)];
}
