import { SeededRandom } from '../base/random.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { blockPlaces } from './block-places.ts';
import {
  chooseCompress,
  compress,
  compressKey,
  compressScratch,
  compressVariants,
  type CompressVariant,
} from './compress.ts';
import { dispatchEntrant } from './entrant.ts';
import { allocateScratch, type Scratch } from './scratch.ts';
import { type Family } from './tuner.ts';

/** More blocks than this are as many times slower by either variant. */
const mostBlocks = 512;
const decay = 0.99;

/** The compression of so many blocks, k coefficients of each, once a step: measured on noise, as zeros never leave. */
export function compressFamily(gpu: Gpu, blocks: number, k: number): Family {
  const measured = Math.min(blocks, mostBlocks);
  let scratch: Scratch<Tensors> | undefined;
  const bind = (variant: CompressVariant): Dispatch[] => {
    if (scratch === undefined) throw new Error('a family is prepared before it is measured');
    return compress(gpu, { ...scratch.tensors, firstBlock: 0, k, momentumDecay: decay, variant }).take;
  };
  const usual = chooseCompress(gpu, blocks, k);
  return {
    work: 64 * 4096 * blocks, // see shaders/compress-tile.wgsl
    contests: [
      {
        key: compressKey(blocks, k),
        entrants: [usual, ...compressVariants.filter((variant) => variant !== usual)].map((variant) =>
          dispatchEntrant(gpu, variant, () => bind(variant)),
        ),
      },
    ],
    async prepare() {
      scratch = await allocateScratch(gpu, 'measuring compression', (tensor) =>
        allocate(measured, k, tensor),
      );
    },
    free() {
      scratch?.free();
      scratch = undefined;
    },
  };
}

type Tensors = Readonly<
  Record<'gradient' | 'momentum' | 'places' | 'norm' | 'scratch' | 'selection' | 'amplitudes', Tensor>
>;

function allocate(blocks: number, k: number, tensor: Gpu['tensor']): Tensors {
  const random = new SeededRandom(1);
  const noise = new Float32Array(4096 * blocks).map((_, n) => (n < 8192 ? random.normal() : 0));
  for (let done = 8192; done < noise.length; done += 8192) noise.copyWithin(done, 0, 8192);
  return {
    gradient: tensor([blocks, 4096], 'f32', 'tuner.gradient', noise),
    momentum: tensor([blocks, 4096], 'f32', 'tuner.momentum'),
    places: tensor(
      [blocks, 4],
      'u32',
      'tuner.places',
      blockPlaces([{ kind: 'matrix', rows: 64, cols: 64 * blocks }]),
    ),
    norm: tensor([2], 'f32', 'tuner.norm', Float32Array.of(1, 1)),
    scratch: tensor([compressScratch('lane', blocks)], 'f32', 'tuner.scratch'),
    selection: tensor([blocks, k], 'u32', 'tuner.selection'),
    amplitudes: tensor([blocks, k], 'f32', 'tuner.amplitudes'),
  };
}
