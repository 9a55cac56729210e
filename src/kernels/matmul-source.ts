import plain from '../../shaders/matmul-epilogue-plain.wgsl?raw';
import residual from '../../shaders/matmul-epilogue-residual.wgsl?raw';
import swiglu from '../../shaders/matmul-epilogue-swiglu.wgsl?raw';
import swigluBackward from '../../shaders/matmul-epilogue-swiglu-backward.wgsl?raw';
import operandsInFours from '../../shaders/matmul-operands-vec4.wgsl?raw';
import operandsAlone from '../../shaders/matmul-operands.wgsl?raw';
import quad from '../../shaders/matmul-quad.wgsl?raw';
import quad16 from '../../shaders/matmul-quad16.wgsl?raw';
import split from '../../shaders/matmul-split.wgsl?raw';
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
  /** So many products of this shape, one after the other in every tensor; 1 unless given. */
  readonly batch?: number;
}

/** A way to share the work of a product among threads. All give the same result within the promise. */
export interface MatmulVariant {
  readonly name: 'tile4' | 'tile8' | 'quad' | 'quad16' | 'staged' | 'staged64' | 'split';
  readonly features: readonly OptionalFeature[];
  /** Rows and columns of one workgroup, or, where `inLine`, of one of the tiles of a workgroup. */
  readonly rows: number;
  readonly columns: number;
  /** Tiles follow one another along the rows of the output, so many a workgroup. */
  readonly inLine?: (tiles: number, k: number) => number;
  /** Reads operands four by four, as vec4 where their lengths allow. */
  readonly inBlocks?: true;
  /** Workgroup memory. Where its driver zeroes it, a software adapter takes 0.13 s to compile for each KiB of it. */
  readonly workgroupBytes?: number;
  /** How far right of its left columns a thread's other columns are, where no halves belong together; 4 unless given. */
  readonly right?: number;
  /** What the code names besides: shaders/matmul-<variant>.wgsl. */
  readonly sizes?: (k: number) => Readonly<Record<string, number>>;
  readonly entry: string;
  readonly code: string;
}

const allF32: StoredTypes = { a: 'f32', b: 'f32', out: 'f32', beside: 'f32' };

/** 16 tiles a workgroup, or 8 where the last of so many would stand idle to more than a sixteenth of all. */
const inLine = (tiles: number): number => {
  const idle = (count: number): number => Math.ceil(tiles / count) * count - tiles;
  return 16 * (idle(16) - idle(8)) > tiles ? 8 : 16;
};

/** The threads that share one tile of `split`: 32 steps of k and more for each, a power of two, at most a workgroup. */
const slicesOf = (k: number): number => 2 ** Math.min(6, Math.max(0, Math.floor(Math.log2(k / 32))));

/** More outputs than this give every thread of any GPU a tile of its own. */
const mostSplit = 2 ** 18;

const variants: readonly MatmulVariant[] = [
  { name: 'tile8', entry: 'tile8', features: [], rows: 32, columns: 64, code: tile8 },
  {
    ...{ name: 'quad', entry: 'quad', features: ['subgroups'] },
    ...{ rows: 8, columns: 32, inLine, code: `${quadTiles}${quad}` },
  },
  {
    ...{ name: 'quad16', entry: 'quad16', features: ['subgroups'] },
    ...{ rows: 16, columns: 32, inLine, code: `${quadTiles}${quad16}` },
  },
  {
    ...{ name: 'split', entry: 'split', features: [], code: split },
    ...{ rows: 8, columns: 8, inLine: (_, k) => 64 / slicesOf(k), inBlocks: true, workgroupBytes: 2048 },
    sizes: (k) => ({ SLICES: slicesOf(k) }),
  },
  {
    ...{ name: 'staged64', entry: 'staged', features: [], code: staged },
    ...{ rows: 64, columns: 64, inBlocks: true, right: 32, workgroupBytes: 8192 },
    sizes: () => ({ TILE_ROWS: 64, TILE_COLUMNS: 64 }),
  },
  {
    ...{ name: 'staged', entry: 'staged', features: [], code: staged },
    ...{ rows: 128, columns: 128, inBlocks: true, right: 64, workgroupBytes: 16384 },
    sizes: () => ({ TILE_ROWS: 128, TILE_COLUMNS: 128 }),
  },
  {
    ...{ name: 'tile4', entry: 'tile4', features: [], code: tile4 },
    ...{ rows: 32, columns: 32 },
  },
];

const epilogues: Readonly<Record<EpilogueKind, { code: string; bindings: KernelSource['bindings'] }>> = {
  plain: { code: plain, bindings: ['write'] },
  residual: { code: residual, bindings: ['read', 'write'] },
  swiglu: { code: swiglu, bindings: ['write', 'write'] },
  'swiglu-backward': { code: swigluBackward, bindings: ['read', 'write', 'write'] },
};

export const matmulVariants: readonly MatmulVariant[] = variants;

/** The variants this device can run this product by. */
export const variantsFor = (gpu: Gpu, { m, n, batch = 1, epilogue }: MatmulCase): readonly MatmulVariant[] =>
  variants.filter(
    ({ name, features }) =>
      // Gate and value of one output have to meet in one thread.
      !(name === 'tile4' && epilogue === 'swiglu') &&
      !(name === 'split' && batch * m * n > mostSplit) &&
      features.every((feature) => gpu.device.features.has(feature)),
  );

/** The pipeline of one product by one variant, and how many workgroups it takes. */
export function matmulSource(
  product: MatmulCase,
  variant: MatmulVariant,
): { readonly source: KernelSource; readonly groups: readonly [number, number, number] } {
  const { m, n, k, batch = 1, transpose, epilogue, accumulate, stored = allF32, scale = 1 } = product;
  const [rowStride, aStep] = transpose === 'tn' ? [1, m] : [k, 1];
  const [columnStride, bStep] = transpose === 'nt' ? [k, 1] : [1, n];
  const halves = epilogue === 'swiglu' ? 2 : 1;
  const columns = n / halves;
  const inFours = (aStep === 1 ? k : m) % 4 === 0 && (bStep === 1 ? k : columns) % 4 === 0;
  const operands = variant.inBlocks && inFours ? operandsInFours : operandsAlone;
  const { code, bindings } = epilogues[epilogue];
  const [down, across] = [Math.ceil(m / variant.rows), Math.ceil(n / variant.columns)];
  const tiles = variant.inLine?.(down * across, k);
  const [x, y] = tiles === undefined ? [across, down] : foldGroups(Math.ceil((down * across) / tiles));
  return {
    source: {
      name: `matmul-${transpose}${epilogue === 'plain' ? '' : `-${epilogue}`}`,
      code: `${common}${operands}${code}${variant.code}`,
      entry: variant.entry,
      features: variant.features,
      bindings: ['read', 'read', ...bindings],
      uniforms: false,
      sizes: {
        ...{ BATCH: batch, M: m, N: n, K: k },
        ...{ A_ROW: rowStride, A_STEP: aStep, B_COLUMN: columnStride, B_STEP: bStep },
        ...{ LEFT: 8 / halves, RIGHT: halves === 2 ? columns : (variant.right ?? 4), COLUMNS: columns },
        ...{ ACCUMULATE: accumulate ? 1 : 0, SCALE: bitsOf(scale) },
        ...{ OUT_IS_HALF: isHalf(stored.out), BESIDE_IS_HALF: isHalf(stored.beside) },
        ...(tiles === undefined ? {} : { TILES: tiles }),
        ...variant.sizes?.(k),
      },
      types: { InA: stored.a, InB: stored.b, Out: stored.out, Beside: stored.beside },
      promise: { kind: 'close', relativeL2: stored.out === 'f16' ? 1e-3 : 1e-5 },
    },
    groups: [x, y, batch],
  };
}

/** The word of an f32: sizes are whole numbers. */
const bitsOf = (value: number): number => new Uint32Array(new Float32Array([value]).buffer)[0];
