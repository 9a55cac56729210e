import { expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned } from '../testing/gpu.ts';
import { compressPackReference } from './compress-pack.reference.ts';
import { compressPack, gainsBits, packSums, packWords } from './compress-pack.ts';

const gpu = await openTestGpu();
const bitsFor = (largest: number): number => 32 - Math.clz32(largest);

test.each([
  [1, 1],
  [64, 8],
  [65, 7],
  [300, 33],
  [71, 64],
  [4_200, 2], // more groups of blocks than a group has invocations
])('packs the slots of %i blocks, k %i, to the bit', async (blocks, k) => {
  const random = new SeededRandom(blocks + k);
  const areGains = Array.from({ length: blocks }, () => random.below(3) === 0);
  const selection = new Uint32Array(blocks * k);
  const amplitudes = new Float32Array(blocks * k);
  for (let block = 0; block < blocks; block++) {
    const count = random.below(2) === 0 ? k : random.below(k + 1);
    const indices = new Set<number>();
    while (indices.size < count) indices.add(random.below(areGains[block] ? 64 : 4096));
    [...indices].forEach((index, n) => {
      const amplitude = random.normal();
      selection[block * k + n] = index | (amplitude < 0 ? 1 << 12 : 0) | (1 << 13);
      amplitudes[block * k + n] = amplitude;
    });
  }
  const countBits = bitsFor(k);
  const words = packWords(Math.ceil((blocks * (countBits + 13 * k)) / 8));
  const bits = gainsBits(areGains);
  const tensors = {
    selection: gpu.tensor([blocks, k], 'u32', 'selection', selection),
    amplitudes: gpu.tensor([blocks, k], 'f32', 'amplitudes', amplitudes),
    gains: gpu.tensor([bits.length], 'u32', 'gains', bits),
    sums: gpu.tensor([packSums(blocks)], 'u32', 'sums', new Uint32Array(packSums(blocks)).fill(0xdeadbeef)),
    payload: gpu.tensor([words], 'u32', 'payload', new Uint32Array(words).fill(0xdeadbeef)),
    sorted: gpu.tensor([blocks, k], 'f32', 'sorted', poisoned(blocks * k)),
  };
  gpu.submit(compressPack(gpu, { ...tensors, k, countBits }), [tensors.payload]);
  const payload = await gpu.readU32(tensors.payload);
  const sorted = await gpu.readF32(tensors.sorted);
  gpu.free(...Object.values(tensors));
  const expected = compressPackReference(selection, amplitudes, { areGains, k, countBits });
  const found = Array.from({ length: 32 * (words - 1) }, (_, n) => (payload[1 + (n >> 5)] >>> (n & 31)) & 1);
  expect(payload[0]).toBe(expected.bits.length);
  const [length, padding] = [expected.bits.length, found.length - expected.bits.length];
  expect(found.slice(0, length).join('')).toBe(expected.bits.join(''));
  expect(found.slice(length)).toEqual(Array<number>(padding).fill(0));
  expect(sorted).toEqual(expected.sorted);
});
