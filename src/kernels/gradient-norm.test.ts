import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { gradientNormReference } from './gradient-norm.reference.ts';
import { gradientNorm, partialsPerTensor } from './gradient-norm.ts';

const gpu = await openTestGpu();
const bound = 1e-5;

const seed = 20260105;
const random = new SeededRandom(seed);
const lengthLists: number[][] = [
  [1],
  [64, 1, 4096, 4097],
  ...Array.from({ length: 4 }, () =>
    Array.from({ length: 1 + random.below(12) }, () => 1 + random.below(20_000)),
  ),
];

function setUp(gradients: readonly Float32Array<ArrayBuffer>[]) {
  const scratch = gradients.length * partialsPerTensor;
  const tensors = {
    gradients: gradients.map((values, i) => gpu.tensor([values.length], 'f32', `gradient ${i}`, values)),
    partials: gpu.tensor([scratch], 'f32', 'partials', poisoned(scratch)),
    norm: gpu.tensor([2], 'f32', 'norm', poisoned(2)),
  };
  const free = (): void => {
    gpu.free(...tensors.gradients, tensors.partials, tensors.norm);
  };
  return { tensors, free };
}

async function normOf(gradients: readonly Float32Array<ArrayBuffer>[], maxNorm: number, divisor: number) {
  const { tensors, free } = setUp(gradients);
  gpu.submit(gradientNorm(gpu, tensors, { maxNorm, divisor }).dispatches);
  const norm = await gpu.readF32(tensors.norm);
  free();
  return norm;
}

/** Norm and multiplier each within the bound: together, the larger would hide the smaller. */
function expectClose(actual: ArrayLike<number>, expected: readonly [number, number]): void {
  expect(relativeL2([actual[0]], [expected[0]])).toBeLessThan(bound);
  expect(relativeL2([actual[1]], [expected[1]])).toBeLessThan(bound);
}

describe('gradientNorm', () => {
  it.each(lengthLists.map((lengths) => [lengths]))(
    `agrees with the reference for tensors of %j elements (seed ${seed})`,
    async (lengths) => {
      const draws = new SeededRandom(seed + lengths.length);
      const gradients = lengths.map((length) => randomNormal(draws, length, Math.exp(draws.normal())));
      const divisor = 1 + draws.below(500);
      const [norm] = gradientNormReference(gradients, 1, divisor);
      for (const maxNorm of [norm / 3, 3 * norm]) {
        const actual = await normOf(gradients, maxNorm, divisor);
        expectClose(actual, gradientNormReference(gradients, maxNorm, divisor));
      }
    },
  );

  it('takes in every element of a tensor larger than one stride of all its workgroups', async () => {
    const length = partialsPerTensor * 4096 + 333;
    const gradient = new Float32Array(length).fill(1);
    const actual = await normOf([gradient], 1, 2);
    expectClose(actual, gradientNormReference([gradient], 1, 2));
  });

  it('leaves gradients of zero alone: norm 0, multiplier one over the divisor', async () => {
    const actual = await normOf([new Float32Array(100)], 1, 4);
    expect([...actual]).toEqual([0, 0.25]);
  });

  it(`divides by the newest divisor without binding anew (seed ${seed})`, async () => {
    const gradients = [randomNormal(new SeededRandom(seed), 500)];
    const { tensors, free } = setUp(gradients);
    const clip = gradientNorm(gpu, tensors, { maxNorm: 1, divisor: 1 });
    for (const divisor of [3, 700]) {
      clip.setDivisor(divisor);
      gpu.submit(clip.dispatches);
      expectClose(await gpu.readF32(tensors.norm), gradientNormReference(gradients, 1, divisor));
    }
    expect(() => {
      clip.setDivisor(0);
    }).toThrow(/positive divisor/);
    free();
  });

  it('refuses scratch too small for its tensors', () => {
    const { tensors, free } = setUp([new Float32Array(3), new Float32Array(3)]);
    const partials = gpu.tensor([2 * partialsPerTensor - 1], 'f32', 'small');
    const bind = () => gradientNorm(gpu, { ...tensors, partials }, { maxNorm: 1, divisor: 1 });
    expect(bind).toThrow(/invariant broken/);
    gpu.free(partials);
    free();
  });
});
