import { expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, randomNormal } from '../testing/gpu.ts';
import { digest, digestHex } from './digest.ts';
import { digestReference } from './digest.reference.ts';

const gpu = await openTestGpu();

async function digestOfPieces(values: Float32Array<ArrayBuffer>, cuts: readonly number[]): Promise<string> {
  const lanes = gpu.tensor([4], 'u32', 'lanes', new Uint32Array(4).fill(99));
  const tensors = cuts.map((offset, n) => {
    const piece = values.slice(offset, cuts[n + 1] ?? values.length);
    return { values: gpu.tensor([piece.length], 'f32', 'values', piece), offset };
  });
  gpu.submit(digest(gpu, { tensors, lanes }), [lanes]);
  const hex = digestHex(await gpu.readU32(lanes));
  gpu.free(lanes, ...tensors.map((tensor) => tensor.values));
  return hex;
}

test.each([1, 63, 4096, 4097, 50_000])(
  '%i words: the GPU and the reference agree (seed = length)',
  async (length) => {
    const values = randomNormal(new SeededRandom(length), length);
    expect(await digestOfPieces(values, [0])).toBe(digestHex(digestReference(values)));
  },
);

test('the digest does not depend on how the words are cut into tensors', async () => {
  const values = randomNormal(new SeededRandom(8), 10_000);
  expect(await digestOfPieces(values, [0, 1, 4096, 7777])).toBe(digestHex(digestReference(values)));
});

test('one changed bit, a swap of two words, NaN and minus zero all change the digest', async () => {
  const values = randomNormal(new SeededRandom(9), 5_000);
  values[10] = 0;
  const known = digestHex(digestReference(values));
  const changes: ((words: Uint32Array) => void)[] = [
    (words) => (words[4999] ^= 1),
    (words) => ([words[3], words[4]] = [words[4], words[3]]),
    (words) => (words[5] = 0x7fc00001),
    (words) => (words[10] = 0x80000000),
  ];
  for (const change of changes) {
    const other = values.slice();
    change(new Uint32Array(other.buffer));
    const hex = await digestOfPieces(other, [0]);
    expect(hex).toBe(digestHex(digestReference(other)));
    expect(hex).not.toBe(known);
  }
});

test('32 hex digits, leading zeros kept', () => {
  expect(digestHex([0, 1, 0xffffffff, 0x0abcdef0])).toBe('0000000000000001ffffffff0abcdef0');
});
