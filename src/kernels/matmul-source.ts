import plain from '../../shaders/matmul-epilogue-plain.wgsl?raw';
import residual from '../../shaders/matmul-epilogue-residual.wgsl?raw';
import swiglu from '../../shaders/matmul-epilogue-swiglu.wgsl?raw';
import swigluBackward from '../../shaders/matmul-epilogue-swiglu-backward.wgsl?raw';
import quad from '../../shaders/matmul-quad.wgsl?raw';
import quad16 from '../../shaders/matmul-quad16.wgsl?raw';
import staged from '../../shaders/matmul-staged.wgsl?raw';
import tile4 from '../../shaders/matmul-tile4.wgsl?raw';
import tile8 from '../../shaders/matmul-tile8.wgsl?raw';
import quadTiles from '../../shaders/lib/quad-tiles.wgsl?raw';
import common from '../../shaders/matmul.wgsl?raw';
import type { OptionalFeature } from '../gpu/device.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, type KernelSource } from '../gpu/kernel.ts';
import type { MatmulShape } from './matmul.reference.ts';
import { isHalf, type StoredType } from './stored-type.ts';

/** What becomes of the product before it leaves the registers: shaders/matmul-epilogue-*.wgsl. */
export type EpilogueKind = 'plain' | 'residual' | 'swiglu' | 'swiglu-backward';

/** Of what type the tensors are; `beside` is what else the epilogue reads or writes. */
export interface StoredTypes {
  readonly a: StoredType;
  readonly b: StoredType;
  readonly out: StoredType;
  readonly beside: StoredType;
}

/** What a pipeline is compiled for. */
export interface MatmulCase extends MatmulShape {
  readonly epilogue: EpilogueKind;
  readonly accumulate: boolean;
  /** All f32 unless given. */
  readonly stored?: StoredTypes;
  /** Of the product, before the epilogue; 1 unless given. */
  readonly scale?: number;
}

/** A way to share the work of a product among threads. All give the same result within the promise. */
export interface MatmulVariant {
  readonly name: 'tile4' | 'tile8' | 'quad' | 'quad16' | 'staged';
  readonly features: readonly OptionalFeature[];
  /** Rows and columns of one workgroup, or, where `inLine`, of one of the 16 tiles of a workgroup. */
  readonly rows: number;
  readonly columns: number;
  /** Tiles follow one another along the rows of the output, 16 a workgroup. */
  readonly inLine?: true;
  readonly code: string;
}

const allF32: StoredTypes = { a: 'f32', b: 'f32', out: 'f32', beside: 'f32' };

const variants = [
  { name: 'tile8', features: [], rows: 32, columns: 64, code: tile8 },
  { name: 'quad', features: ['subgroups'], rows: 8, columns: 32, inLine: true, code: `${quadTiles}${quad}` },
  {
    name: 'quad16',
    features: ['subgroups'],
    rows: 16,
    columns: 32,
    inLine: true,
    code: `${quadTiles}${quad16}`,
  },
  { name: 'staged', features: [], rows: 128, columns: 128, code: staged },
  { name: 'tile4', features: [], rows: 32, columns: 32, code: tile4 },
] as const satisfies readonly MatmulVariant[];

const epilogues: Readonly<Record<EpilogueKind, { code: string; bindings: KernelSource['bindings'] }>> = {
  plain: { code: plain, bindings: ['write'] },
  residual: { code: residual, bindings: ['read', 'write'] },
  swiglu: { code: swiglu, bindings: ['write', 'write'] },
  'swiglu-backward': { code: swigluBackward, bindings: ['read', 'write'] },
};

export const matmulVariants: readonly MatmulVariant[] = variants;

/** The variants this device can run this product by. */
export const variantsFor = (gpu: Gpu, { epilogue }: MatmulCase): readonly MatmulVariant[] =>
  variants.filter(
    ({ name, features }) =>
      // Gate and value of one output have to meet in one thread.
      !(name === 'tile4' && epilogue === 'swiglu') &&
      features.every((feature) => gpu.device.features.has(feature)),
  );

/** The pipeline of one product by one variant, and how many workgroups it takes. */
export function matmulSource(
  { m, n, k, transpose, epilogue, accumulate, stored = allF32, scale = 1 }: MatmulCase,
  variant: MatmulVariant,
): { readonly source: KernelSource; readonly groups: readonly [number, number, number] } {
  const [rowStride, aStep] = transpose === 'tn' ? [1, m] : [k, 1];
  const [columnStride, bStep] = transpose === 'nt' ? [k, 1] : [1, n];
  const halves = epilogue === 'swiglu' ? 2 : 1;
  const columns = n / halves;
  const { code, bindings } = epilogues[epilogue];
  return {
    source: {
      name: `matmul-${transpose}${epilogue === 'plain' ? '' : `-${epilogue}`}`,
      code: `${common}${code}${variant.code}`,
      entry: variant.name,
      features: variant.features,
      bindings: ['read', 'read', ...bindings],
      uniforms: false,
      sizes: {
        ...{ M: m, N: n, K: k },
        ...{ A_ROW: rowStride, A_STEP: aStep, B_COLUMN: columnStride, B_STEP: bStep },
        ...{ LEFT: 8 / halves, RIGHT: halves === 2 ? columns : 4, COLUMNS: columns },
        ...{ ACCUMULATE: accumulate ? 1 : 0, SCALE: bitsOf(scale) },
        ...{ OUT_IS_HALF: isHalf(stored.out), BESIDE_IS_HALF: isHalf(stored.beside) },
      },
      types: { InA: stored.a, InB: stored.b, Out: stored.out, Beside: stored.beside },
      promise: { kind: 'close', relativeL2: stored.out === 'f16' ? 1e-3 : 1e-5 },
    },
    groups: groupsOf(variant, Math.ceil(m / variant.rows), Math.ceil(n / variant.columns)),
  };
}

/** The word of an f32: sizes are whole numbers. */
const bitsOf = (value: number): number => new Uint32Array(new Float32Array([value]).buffer)[0];

const groupsOf = (
  { inLine }: MatmulVariant,
  down: number,
  across: number,
): readonly [number, number, number] =>
  inLine ? foldGroups(Math.ceil((down * across) / 16)) : [across, down, 1];
