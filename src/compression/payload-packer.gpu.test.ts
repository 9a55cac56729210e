import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { slotNegative, slotPresent } from '../kernels/top-k.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { blockLayout, type BlockLayout } from './blocks.ts';
import { choosePacking, packingKey, PayloadPacker, packings } from './payload-packer.ts';
import { decodeUpdate, encodeUpdate, selectionOfUpdate, updateOfSelection } from './sparse-update.ts';

const gpu = await openTestGpu();

/** So many blocks of matrices before and after one of gains. */
const layoutOf = (before: number, gains: number, after: number): BlockLayout =>
  blockLayout([
    { name: 'a', kind: 'matrix', rows: 64, cols: 64 * before, offset: 0 },
    { name: 'g', kind: 'gains', rows: 1, cols: 64 * gains, offset: 4096 * before },
    { name: 'b', kind: 'matrix', rows: 64 * after, cols: 64, offset: 4096 * before + 64 * gains },
  ]);

/** Slots as `compress` leaves them, in any order of index: every `full`-th block full, the others as it comes. */
function randomSlots(random: SeededRandom, layout: BlockLayout, k: number, full: number) {
  const selection = new Uint32Array(layout.blocks * k);
  const amplitudes = new Float32Array(layout.blocks * k);
  for (const { blocks, size, firstBlock } of layout.parameters) {
    for (let block = firstBlock; block < firstBlock + blocks; block++) {
      const count = block % full === 0 ? k : random.below(k + 1);
      const indices = new Set<number>();
      while (indices.size < count)
        indices.add(random.below(4) === 0 ? size - 1 - indices.size : random.below(size));
      [...indices].forEach((index, n) => {
        const amplitude = random.normal();
        selection[block * k + n] = index | (amplitude < 0 ? slotNegative : 0) | slotPresent;
        amplitudes[block * k + n] = amplitude;
      });
    }
  }
  return { selection, amplitudes };
}

async function pack(
  layout: BlockLayout,
  k: number,
  slots: ReturnType<typeof randomSlots>,
  packing: 'gpu' | 'cpu',
) {
  const shape = [layout.blocks, k];
  const selection = gpu.tensor(shape, 'u32', 'selection', slots.selection);
  const amplitudes = gpu.tensor(shape, 'f32', 'amplitudes', slots.amplitudes);
  const packer = new PayloadPacker(gpu, layout, { selection, amplitudes, k, packing });
  await packer.pack([]); // a second payload must owe nothing to the first
  const packed = await packer.pack([]);
  packer.close();
  gpu.free(selection, amplitudes);
  return packed;
}

describe.each(packings)('a payload packed by the %s', (packing) => {
  test.each([
    { layout: layoutOf(1, 1, 1), k: 1, full: 1 },
    { layout: layoutOf(3, 2, 40), k: 8, full: 1 },
    { layout: layoutOf(40, 7, 17), k: 8, full: 3 }, // 64 blocks: one group to the last
    { layout: layoutOf(40, 7, 18), k: 7, full: 1000 },
    { layout: layoutOf(9, 1, 2), k: 64, full: 2 },
    { layout: layoutOf(11, 130, 90), k: 33, full: 5 },
    { layout: layoutOf(4300, 5, 200), k: 3, full: 2 }, // more groups than a group has invocations
  ])(
    'is byte for byte what the encoder makes of the slots, and the amplitudes follow (case %#, k $k)',
    async ({ layout, k, full }) => {
      const slots = randomSlots(new SeededRandom(k), layout, k, full);
      const bytesBefore = gpu.bytesAllocated;
      const { payload, amplitudes } = await pack(layout, k, slots, packing);
      expect(gpu.bytesAllocated).toBe(bytesBefore);
      const update = updateOfSelection(layout, k, slots.selection);
      expect(Buffer.compare(payload, encodeUpdate(layout, k, update))).toBe(0);
      const decoded = decodeUpdate(layout, k, payload);
      expect(decoded).toEqual({ ok: true, value: update });
      // Each amplitude beside its coefficient, found by plain search.
      const sorted = selectionOfUpdate(layout, k, update);
      const expected = Float32Array.from(sorted, (slot, n) => {
        const start = n - (n % k);
        return slot === 0
          ? 0
          : slots.amplitudes[start + slots.selection.subarray(start, start + k).indexOf(slot)];
      });
      expect(Buffer.compare(new Uint8Array(amplitudes.buffer), new Uint8Array(expected.buffer))).toBe(0);
    },
  );

  test('of no coefficients at all is zero counts', async () => {
    const layout = layoutOf(60, 3, 10);
    const slots = { selection: new Uint32Array(73 * 8), amplitudes: new Float32Array(73 * 8) };
    const { payload } = await pack(layout, 8, slots, packing);
    expect(Array.from(payload)).toEqual(Array<number>(Math.ceil((73 * 4) / 8)).fill(0));
  });
});

test('the packing measured fastest is taken, and a choice nobody knows is none', () => {
  const layout = layoutOf(1, 1, 1);
  const key = packingKey(layout, 8);
  for (const packing of packings) {
    gpu.choices.set(key, packing);
    expect(choosePacking(gpu, layout, 8)).toBe(packing);
  }
  gpu.choices.set(key, 'by hand');
  expect(packings).toContain(choosePacking(gpu, layout, 8));
  gpu.choices.delete(key);
});
