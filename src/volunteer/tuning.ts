import type { Clock } from '../base/clock.ts';
import { blockLayout } from '../compression/blocks.ts';
import { packingFamily } from '../compression/packing-tuner.ts';
import { packings } from '../compression/payload-packer.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { attentionFamily } from '../kernels/attention-tuner.ts';
import { attentionVariants } from '../kernels/attention-variants.ts';
import { borrowed, keptChoices, recallChoices, undecided } from '../kernels/choices.ts';
import { compressFamily } from '../kernels/compress-tuner.ts';
import { compressVariants } from '../kernels/compress.ts';
import { matmulVariants } from '../kernels/matmul-source.ts';
import { matmulFamily } from '../kernels/matmul-tuner.ts';
import { tune, type Contest, type Family } from '../kernels/tuner.ts';
import type { ModelConfig } from '../model/config.ts';
import { parameterLayout } from '../model/parameters.ts';
import type { Precision } from '../model/precision.ts';
import { attentionShape, productShapes, widestProducts } from '../model/product-shapes.ts';
import { hearOfLoss } from './hear-of-loss.ts';
import { isRecent, machineOf, recordedChoices, type TuningStore } from './tuning-record.ts';
import { unlessRefused } from './unless-refused.ts';

/** A volunteer that waits longer than this to begin learns nothing it can make up for. */
const budgetMs = 2_000;
/** Of it, what the precision is chosen by. */
const compareMs = 800;
/** What a compiler may take for one variant. */
const compileMs = 600;
/** So long only, where the model is not new: what was cut short or borrowed goes on a little at each visit. */
const leisureMs = 500;

export interface TuningHelp {
  readonly clock: Clock;
  readonly store: TuningStore | undefined;
  /** Throws where the GPU has failed meanwhile. */
  readonly check?: () => void;
  /** Told why something was not measured: a sentence for people. */
  readonly tell?: (text: string) => void;
}

/** What a volunteer will do over and over. */
export interface TunedWork {
  readonly batch: number;
  readonly sequence: number;
  /** Coefficients of a block that leave in a round; without, nothing is compressed. */
  readonly k?: number;
  /**
   * What gradients are computed in, f32 unless given. While that is open, how it is chosen: asked once the products that f32 and
   * f16 are compared by are done by their best variants.
   */
  readonly precision?: Precision | (() => Promise<Precision>);
}

const names = new Set<string>([
  ...matmulVariants.map(({ name }) => name),
  ...attentionVariants.map(({ name }) => name),
  ...compressVariants,
  ...packings,
]);

/**
 * Chooses the variants of a model's products, its attention and its compression: as kept for this adapter and these kernels, else by
 * measuring for two seconds (or what the store allows), products first. Never fails for want of a store, or of memory to measure on:
 * what was not measured is done as usual, and told. Throws what `check` throws after measuring: then what was measured says nothing,
 * and is neither taken nor kept.
 */
export async function tuneKernels(
  gpu: Gpu,
  model: ModelConfig,
  { precision = 'f32', ...work }: TunedWork,
  help: TuningHelp,
): Promise<void> {
  const machine = help.store === undefined ? undefined : await machineOf(gpu);
  // A store that refuses costs two seconds at the next visit, and nothing else.
  const kept = machine && (await help.store?.get(machine.adapter).catch(() => undefined));
  if (machine !== undefined) recallChoices(gpu, recordedChoices(kept, machine), names);
  const keep = async (): Promise<void> => {
    if (machine === undefined) return;
    const { adapter, version } = machine;
    const choices = keptChoices(gpu);
    await help.store?.put(adapter, { version, choices, atMs: help.store.now?.() }).catch(() => undefined);
  };
  const recalled = new Map(gpu.choices);
  // Who was here minutes ago is waited for by the others: what was cut short then is cut short once more.
  const isBack = machine !== undefined && isRecent(kept, machine, help.store?.now?.());
  let leftMs = help.store?.budgetMs ?? budgetMs;
  const measure = async (families: readonly Family[], allowedMs: number): Promise<void> => {
    const start = help.clock.now();
    const most = Math.min(allowedMs, leftMs);
    const spareMs = isBack ? 0 : Math.min(most, leisureMs);
    const isNew = isBack ? !knowsAny(families, recalled) : !knowsAll(families, gpu.choices);
    if (await measureOpen(gpu, families, isNew ? most : spareMs, help)) await keep();
    leftMs = Math.max(0, leftMs - (help.clock.now() - start));
  };
  if (typeof precision === 'function' && gpu.device.features.has('shader-f16')) {
    const either = (['f32', 'mixed'] as const).map((one) =>
      matmulFamily(gpu, widestProducts(model, { ...work, precision: one })),
    );
    await measure(either, compareMs);
  }
  const chosen = typeof precision === 'function' ? await precision() : precision;
  await measure(familiesOf(gpu, model, work, chosen), budgetMs);
}

const leading = (families: readonly Family[]): readonly Contest[] =>
  families.flatMap(({ contests }) => contests.filter(({ leads = false }) => leads));

/** Whether all cases that lead have a winner. */
const knowsAll = (families: readonly Family[], choices: ReadonlyMap<string, string>): boolean =>
  leading(families).every(({ key }) => choices.has(key));

const knowsAny = (families: readonly Family[], choices: ReadonlyMap<string, string>): boolean =>
  leading(families).some(({ key }) => choices.has(key));

/** Whether anything was measured and may be kept. */
async function measureOpen(
  gpu: Gpu,
  families: readonly Family[],
  budgetMs: number,
  { clock, check, tell }: TuningHelp,
): Promise<boolean> {
  // Who was left out at one visit is measured at the next. So are cases that borrowed a winner, but nobody waits long for that:
  // measuring every shape anew would not end within a few visits.
  const open = families.filter(
    ({ contests }) => [...undecided(gpu.choices, contests), ...borrowed(gpu.choices, contests)].length > 0,
  );
  if (open.length === 0 || budgetMs === 0) return false;
  const before = new Map(gpu.choices);
  const forget = (): void => {
    gpu.choices.clear();
    for (const [key, variant] of before) gpu.choices.set(key, variant);
  };
  const { made: trials, refused } = await unlessRefused(gpu, 'measuring kernels', () =>
    tune(gpu.choices, open, { clock, budgetMs, compileMs }),
  );
  if (refused !== undefined || trials.some(({ problem }) => problem !== undefined))
    await hearOfLoss(gpu, clock);
  try {
    check?.();
  } catch (thrown) {
    forget();
    throw thrown;
  }
  const skipped = trials.filter(({ isSkipped }) => isSkipped).map(({ problem = '' }) => problem);
  const problems = refused === undefined ? skipped : [refused.message];
  for (const problem of new Set(problems))
    tell?.(`Not all kernels could be measured: the usual ones are taken. ${problem}`);
  // What ran without its memory was quick, and says nothing.
  if (refused !== undefined) forget();
  return refused === undefined && trials.some(({ ms }) => ms < Infinity);
}

function familiesOf(
  gpu: Gpu,
  model: ModelConfig,
  { k, ...size }: Omit<TunedWork, 'precision'>,
  precision: Precision,
): readonly Family[] {
  const pass = { ...size, precision };
  const learning = [
    matmulFamily(gpu, productShapes(model, pass), model.blocks),
    attentionFamily(gpu, attentionShape(model, pass), model.blocks),
  ];
  if (k === undefined) return learning;
  const layout = blockLayout(parameterLayout(model).specs);
  return [...learning, compressFamily(gpu, layout.blocks, k), packingFamily(gpu, layout, k)];
}
