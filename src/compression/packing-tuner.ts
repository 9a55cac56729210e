import type { Gpu } from '../gpu/gpu.ts';
import { withErrorScopes } from '../gpu/problems.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { slotPresent } from '../kernels/top-k.ts';
import type { Entrant } from '../kernels/entrant.ts';
import { allocateScratch, type Scratch } from '../kernels/scratch.ts';
import type { Family } from '../kernels/tuner.ts';
import type { BlockLayout } from './blocks.ts';
import { choosePacking, packingKey, packings, PayloadPacker, type Packing } from './payload-packer.ts';

interface Slots {
  readonly selection: Tensor;
  readonly amplitudes: Tensor;
}

/** Packing the payload of a whole model, every block full, once a step. */
export function packingFamily(gpu: Gpu, layout: BlockLayout, k: number): Family {
  let scratch: Scratch<Slots> | undefined;
  const packers = new Map<Packing, PayloadPacker>();
  const make = (packing: Packing): PayloadPacker => {
    if (scratch === undefined) throw new Error('a family is prepared before it is measured');
    const packer = new PayloadPacker(gpu, layout, { ...scratch.tensors, k, packing });
    packers.set(packing, packer);
    return packer;
  };
  const entrantOf = (packing: Packing): Entrant => ({
    name: packing,
    async compile() {
      const packer = await withErrorScopes(gpu.device, `measuring packing by ${packing}`, () =>
        make(packing),
      );
      await packer.compile();
    },
    async run(count) {
      for (let n = 0; n < count; n++) await packers.get(packing)?.pack([]);
    },
    abandon() {
      packers.get(packing)?.abandon(); // none where it could not be made
    },
  });
  const usual = choosePacking(gpu, layout, k);
  return {
    work: 16 * layout.blocks * k,
    contests: [
      {
        key: packingKey(layout, k),
        entrants: [usual, ...packings.filter((packing) => packing !== usual)].map(entrantOf),
      },
    ],
    async prepare() {
      scratch = await allocateScratch(gpu, 'measuring packing', (tensor) => ({
        selection: tensor([layout.blocks, k], 'u32', 'tuner.selection', fullSlots(layout, k)),
        amplitudes: tensor([layout.blocks, k], 'f32', 'tuner.amplitudes'),
      }));
    },
    free() {
      for (const packer of packers.values()) packer.close();
      packers.clear();
      scratch?.free();
      scratch = undefined;
    },
  };
}

/** k different coefficients of every block, in no order. */
function fullSlots({ parameters, blocks }: BlockLayout, k: number): Uint32Array<ArrayBuffer> {
  const slots = new Uint32Array(blocks * k);
  for (const { firstBlock, blocks: own, size } of parameters) {
    for (let at = firstBlock * k; at < (firstBlock + own) * k; at++) {
      slots[at] = ((at * 1_237) % size) | ((at & 1) << 12) | slotPresent; // an odd step meets each of 2^n once
    }
  }
  return slots;
}
