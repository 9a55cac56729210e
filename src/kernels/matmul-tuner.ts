import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import { sizeOf, slice, type Tensor } from '../gpu/tensor.ts';
import type { MatmulShape } from './matmul.reference.ts';
import { variantsFor, type MatmulVariant } from './matmul-source.ts';
import { caseKey, isSmall, matmul, usualVariant } from './matmul.ts';
import { dispatchEntrant } from './entrant.ts';
import { tune, type Contest, type Family, type Trial, type TunerOptions } from './tuner.ts';

const transposes = ['nt', 'nn', 'tn'] as const;
/** No product large enough to be measured is fastest by it. */
const forSmall = 'tile4';
/** What suits only some shapes is not judged by others. */
const particular = new Set<MatmulVariant['name']>(['split']);

/**
 * The products of a model, each made so many `times` a step. The largest of each transpose comes first, and its winner stands for
 * all of that transpose; then the others, from the largest down.
 */
export function matmulFamily(gpu: Gpu, shapes: readonly MatmulShape[], times = 1): Family {
  const ordered = [...new Map(shapes.map((shape) => [caseKey(shape), shape])).values()]
    .filter((shape) => !isSmall(shape))
    .sort((a, b) => operations(b) - operations(a));
  const firsts = transposes.flatMap(
    (transpose) => ordered.find((shape) => shape.transpose === transpose) ?? [],
  );
  const scratch = new Scratch(gpu, ordered);
  const variantsOf = (shape: MatmulShape): readonly MatmulVariant[] => {
    const offered = variantsFor(gpu, { ...shape, epilogue: 'plain', accumulate: false });
    const usual = usualVariant(offered, shape);
    return offered
      .filter(({ name }) => name !== forSmall)
      .sort((a, b) => Number(b.name === usual) - Number(a.name === usual));
  };
  const contestOf = (shape: MatmulShape): Contest => ({
    key: caseKey(shape),
    entrants: variantsOf(shape).map((variant) =>
      dispatchEntrant(gpu, variant.name, () => [scratch.bind(shape, variant)], particular.has(variant.name)),
    ),
    leads: firsts.includes(shape),
    like: firsts.includes(shape)
      ? ordered.filter((other) => other.transpose === shape.transpose && other !== shape).map(caseKey)
      : [],
  });
  const rest = ordered.filter((shape) => !firsts.includes(shape));
  return {
    work: times * ordered.reduce((sum, shape) => sum + operations(shape), 0),
    contests: [...firsts, ...rest].map(contestOf),
    free() {
      scratch.free();
    },
  };
}

const operations = ({ m, n, k }: MatmulShape): number => 2 * m * n * k;

/** Measures these products alone, and notes the winners in `gpu.choices`: `tune`. */
export const tuneMatmul = (
  gpu: Gpu,
  shapes: readonly MatmulShape[],
  options: TunerOptions,
): Promise<readonly Trial[]> => tune(gpu.choices, [matmulFamily(gpu, shapes)], options);

/** Operands that all shapes share, as long as the longest, made when first bound. */
class Scratch {
  readonly #gpu: Gpu;
  readonly #shapes: readonly MatmulShape[];
  #whole: readonly Tensor[] = [];

  constructor(gpu: Gpu, shapes: readonly MatmulShape[]) {
    this.#gpu = gpu;
    this.#shapes = shapes;
  }

  bind(shape: MatmulShape, variant: MatmulVariant): Dispatch {
    const { m, n, k } = shape;
    if (this.#whole.length === 0) this.#whole = this.#allocate();
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
    this.#whole = [];
  }

  #allocate(): readonly Tensor[] {
    const longest = (length: (shape: MatmulShape) => number): number =>
      Math.max(1, ...this.#shapes.map(length));
    return [
      this.#gpu.tensor([longest(({ m, k }) => m * k)], 'f32', 'tuner.a'),
      this.#gpu.tensor([longest(({ n, k }) => n * k)], 'f32', 'tuner.b'),
      this.#gpu.tensor([longest(({ m, n }) => m * n)], 'f32', 'tuner.out'),
    ];
  }
}
