import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { residualAddReference } from './residual-add.reference.ts';
import { addInto, residualAdd } from './residual-add.ts';

const gpu = await openTestGpu();
const bound = 2e-7;

const seed = 20260103;
const random = new SeededRandom(seed);
const lengths = [1, 63, 64, 65, 256 * 64, ...Array.from({ length: 4 }, () => 1 + random.below(5000))];

describe('residualAdd and addInto', () => {
  it.each(lengths)(`agree with the reference for %i elements (seed ${seed})`, async (length) => {
    const draws = new SeededRandom(seed + length);
    const x = randomNormal(draws, length);
    const y = randomNormal(draws, length, 10);
    const tensors = {
      x: gpu.tensor([length], 'f32', 'x', x),
      y: gpu.tensor([length], 'f32', 'y', y),
      out: gpu.tensor([length], 'f32', 'out', poisoned(length)),
      target: gpu.tensor([length], 'f32', 'target', x),
    };
    const { target, ...three } = tensors;
    gpu.submit([residualAdd(gpu, three), addInto(gpu, { target, y: tensors.y })]);
    const [out, sum] = await gpu.read(tensors.out, target);
    gpu.free(...Object.values(tensors));
    const expected = residualAddReference(x, y);
    expect(relativeL2(out, expected)).toBeLessThan(bound);
    expect(relativeL2(sum, expected)).toBeLessThan(bound);
  });

  it('reach every element when there are more workgroups than one grid dimension holds', async () => {
    const length = 65535 * 64 + 9;
    const x = new Float32Array(length).map((_, i) => i);
    const y = new Float32Array(length).fill(1);
    const tensors = {
      x: gpu.tensor([length], 'f32', 'x', x),
      y: gpu.tensor([length], 'f32', 'y', y),
      out: gpu.tensor([length], 'f32', 'out'),
    };
    gpu.submit([residualAdd(gpu, tensors), addInto(gpu, { target: tensors.x, y: tensors.y })]);
    const [out, sum] = await gpu.read(tensors.out, tensors.x);
    gpu.free(...Object.values(tensors));
    const expected = residualAddReference(x, y);
    expect(relativeL2(out, expected)).toBe(0);
    expect(relativeL2(sum, expected)).toBe(0);
  });

  it('refuse an output that is also an input', () => {
    const x = gpu.tensor([8], 'f32', 'x');
    const y = gpu.tensor([8], 'f32', 'y');
    expect(() => residualAdd(gpu, { x, y, out: x })).toThrow(/invariant broken/);
    expect(() => addInto(gpu, { target: x, y: x })).toThrow(/invariant broken/);
    gpu.free(x, y);
  });
});
