import type { Clock } from '../base/clock.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import { sizeOf, slice, type Tensor } from '../gpu/tensor.ts';
import type { MatmulShape } from './matmul.reference.ts';
import { matmulVariants, variantsFor, type MatmulVariant } from './matmul-source.ts';
import { caseKey, isSmall, matmul } from './matmul.ts';

/** What was measured of one product by one variant. */
export interface Trial {
  readonly shape: MatmulShape;
  readonly variant: MatmulVariant['name'];
  /** Of one product, the best of its turns, and its share in compiling the pipeline. */
  readonly ms: number;
}

export interface TunerOptions {
  readonly clock: Clock;
  /** No measurement begins after this; the longest there is goes on beyond it. */
  readonly budgetMs: number;
}

/** Every variant is tried so often in turn, so that a machine that is busy for a moment does no variant an injustice. */
const turns = 3;
/** A submit holds as many products as fill about that long: short ones drown in the cost of a submit. */
const submitMs = 4;
const mostInSubmit = 64;
/** A variant that stays this much slower than the best of a large product is not tried on others. */
const hopeless = 3;
/** What a pipeline costs to compile is spread over so many uses: a run is thousands, but its first minute counts too. */
const usesOfPipeline = 500;

/**
 * Measures which variant makes each product fastest on this device and notes it in `gpu.choices`. The largest product of each
 * transpose comes first, by every variant, and its winner stands for all of that transpose; what is left of the budget goes to
 * the others, from the largest down. Returns what was measured.
 */
export async function tuneMatmul(
  gpu: Gpu,
  shapes: readonly MatmulShape[],
  { clock, budgetMs }: TunerOptions,
): Promise<readonly Trial[]> {
  const endMs = clock.now() + budgetMs;
  const ordered = [...new Map(shapes.map((shape) => [caseKey(shape), shape])).values()].sort(
    (a, b) => b.m * b.n * b.k - a.m * a.n * a.k,
  );
  const first = new Set(
    (['nt', 'nn', 'tn'] as const).flatMap(
      (transpose) => ordered.find((shape) => shape.transpose === transpose) ?? [],
    ),
  );
  const trials: Trial[] = [];
  const dropped = new Set<string>();
  const scratch = new Scratch(gpu, ordered);
  try {
    for (const shape of [...first, ...ordered.filter((one) => !first.has(one))]) {
      const entrants = variantsFor(gpu, { ...shape, epilogue: 'plain', accumulate: false }).filter(
        ({ name }) => name !== 'tile4' && !dropped.has(name),
      );
      const here = await compare(
        gpu,
        { clock, endMs },
        shape,
        (variant) => scratch.bind(shape, variant),
        entrants,
      );
      trials.push(...here);
      const [best] = [...here].sort((a, b) => a.ms - b.ms);
      if (best === undefined) break;
      for (const { variant, ms } of here) if (ms > hopeless * best.ms) dropped.add(variant);
      for (const { key, isLike } of keysOf(ordered, shape, first.has(shape)))
        if (isLike || !gpu.choices.has(key)) gpu.choices.set(key, best.variant);
    }
  } finally {
    scratch.free();
  }
  return trials;
}

/** The shape itself, and, of a transpose's first, all others of it. */
const keysOf = (ordered: readonly MatmulShape[], shape: MatmulShape, isFirst: boolean) =>
  ordered
    .filter((other) => other === shape || (isFirst && other.transpose === shape.transpose && !isSmall(other)))
    .map((other) => ({ key: caseKey(other), isLike: other === shape }));

/** The best of a few turns of each entrant, as far as the time reaches; none of whom the time did not reach. */
async function compare(
  gpu: Gpu,
  { clock, endMs }: { readonly clock: Clock; readonly endMs: number },
  shape: MatmulShape,
  bind: (variant: MatmulVariant) => Dispatch,
  entrants: readonly MatmulVariant[],
): Promise<Trial[]> {
  const submit = async (product: Dispatch, count: number): Promise<number> => {
    const start = clock.now();
    gpu.submit(Array.from({ length: count }, () => product));
    await gpu.idle();
    return (clock.now() - start) / count;
  };
  const measured: {
    product: Dispatch;
    name: MatmulVariant['name'];
    compileMs: number;
    count: number;
    ms: number;
  }[] = [];
  for (const variant of entrants) {
    if (clock.now() >= endMs) break;
    const start = clock.now();
    const product = bind(variant);
    const firstMs = await submit(product, 1);
    const ms = await submit(product, 1);
    const compileMs = Math.max(0, clock.now() - start - firstMs - ms) + Math.max(0, firstMs - ms);
    const count = Math.min(mostInSubmit, Math.ceil(submitMs / Math.max(ms, 0.05)));
    measured.push({ product, name: variant.name, compileMs, count, ms });
  }
  for (let turn = 1; turn < turns; turn++) {
    for (const one of measured) {
      const best = Math.min(...measured.map(({ ms }) => ms));
      if (clock.now() >= endMs) break;
      if (one.ms <= hopeless * best) one.ms = Math.min(one.ms, await submit(one.product, one.count));
    }
  }
  return measured.map(({ name, ms, compileMs }) => ({
    shape,
    variant: name,
    ms: ms + compileMs / usesOfPipeline,
  }));
}

/** Operands that all shapes share, as long as the longest. */
class Scratch {
  readonly #gpu: Gpu;
  readonly #whole: readonly Tensor[];

  constructor(gpu: Gpu, shapes: readonly MatmulShape[]) {
    this.#gpu = gpu;
    const longest = (length: (shape: MatmulShape) => number): number => Math.max(1, ...shapes.map(length));
    this.#whole = [
      gpu.tensor([longest(({ m, k }) => m * k)], 'f32', 'tuner.a'),
      gpu.tensor([longest(({ n, k }) => n * k)], 'f32', 'tuner.b'),
      gpu.tensor([longest(({ m, n }) => m * n)], 'f32', 'tuner.out'),
    ];
  }

  bind(shape: MatmulShape, variant: MatmulVariant): Dispatch {
    const { m, n, k } = shape;
    const part = (index: number, dims: readonly number[]): Tensor => {
      const whole = this.#whole[index];
      if (whole === undefined || sizeOf(dims) > whole.length)
        throw new RangeError('scratch is as long as the longest');
      return slice(whole, 0, dims);
    };
    return matmul(this.#gpu, {
      ...shape,
      variant,
      a: part(0, [m, k]),
      b: part(1, [n, k]),
      out: part(2, [m, n]),
    });
  }

  free(): void {
    this.#gpu.free(...this.#whole);
  }
}

/** Choices as they are kept between visits; `recallChoices` takes back only what it understands. */
export const keptChoices = (gpu: Gpu): Readonly<Record<string, string>> => Object.fromEntries(gpu.choices);

/** Takes what a browser kept, which may be anything; returns those of `shapes` that it names no variant for. */
export function recallChoices(
  gpu: Gpu,
  kept: unknown,
  shapes: readonly MatmulShape[],
): readonly MatmulShape[] {
  const known = new Set<string>(matmulVariants.map(({ name }) => name));
  const entries = typeof kept === 'object' && kept !== null ? Object.entries(kept) : [];
  for (const [key, variant] of entries)
    if (typeof variant === 'string' && known.has(variant)) gpu.choices.set(key, variant);
  return shapes.filter((shape) => !isSmall(shape) && !gpu.choices.has(caseKey(shape)));
}
