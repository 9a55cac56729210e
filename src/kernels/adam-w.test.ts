import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { adamWReference, type AdamWState } from './adam-w.reference.ts';
import { adamW } from './adam-w.ts';

const gpu = await openTestGpu();
const bound = 1e-5;
const options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };

const seed = 20260106;
const random = new SeededRandom(seed);
const lengths = [1, 63, 65, 4096, ...Array.from({ length: 4 }, () => 1 + random.below(9000))];

function setUp(parameter: Float32Array<ArrayBuffer>, multiplier: number) {
  const shape = [parameter.length];
  const tensors = {
    parameter: gpu.tensor(shape, 'f32', 'parameter', parameter),
    gradient: gpu.tensor(shape, 'f32', 'gradient'),
    m: gpu.tensor(shape, 'f32', 'm'),
    v: gpu.tensor(shape, 'f32', 'v'),
    // The first word is poison: only the multiplier may be used.
    norm: gpu.tensor([2], 'f32', 'norm', Float32Array.of(NaN, multiplier)),
  };
  const free = (): void => {
    gpu.free(...Object.values(tensors));
  };
  return { tensors, free };
}

describe('adamW', () => {
  it.each(lengths)(`follows the reference for ten steps of %i elements (seed ${seed})`, async (length) => {
    const draws = new SeededRandom(seed + length);
    const start = randomNormal(draws, length);
    const multiplier = 0.3;
    const { tensors, free } = setUp(start, multiplier);
    const optimizer = adamW(gpu, tensors, options);
    let expected: AdamWState<ArrayLike<number>> = {
      parameter: start,
      m: new Float64Array(length),
      v: new Float64Array(length),
    };
    for (let step = 1; step <= 10; step++) {
      const gradient = randomNormal(draws, length, Math.exp(draws.normal()));
      const learningRate = 0.01 * step;
      gpu.write(tensors.gradient, gradient);
      optimizer.setStep(step, learningRate);
      gpu.submit([optimizer.dispatch]);
      expected = adamWReference(expected, gradient, { ...options, step, learningRate, multiplier });
    }
    const [parameter, m, v] = await gpu.read(tensors.parameter, tensors.m, tensors.v);
    free();
    expect(relativeL2(parameter, expected.parameter)).toBeLessThan(bound);
    expect(relativeL2(m, expected.m)).toBeLessThan(bound);
    expect(relativeL2(v, expected.v)).toBeLessThan(bound);
  });

  it('only decays a parameter that never had a gradient', async () => {
    const { tensors, free } = setUp(Float32Array.of(2, -4), 1);
    const optimizer = adamW(gpu, tensors, options);
    optimizer.setStep(1, 0.5);
    gpu.submit([optimizer.dispatch]);
    const parameter = await gpu.readF32(tensors.parameter);
    free();
    expect(relativeL2(parameter, [2 * 0.95, -4 * 0.95])).toBeLessThan(bound);
  });

  it('reaches every element when there are more workgroups than one grid dimension holds', async () => {
    const length = 65535 * 64 + 3;
    const { tensors, free } = setUp(new Float32Array(length).fill(1), 1);
    gpu.write(tensors.gradient, new Float32Array(length).fill(-1));
    const optimizer = adamW(gpu, tensors, { ...options, weightDecay: 0 });
    optimizer.setStep(1, 0.5);
    gpu.submit([optimizer.dispatch]);
    const parameter = await gpu.readF32(tensors.parameter);
    free();
    expect(relativeL2(parameter, new Float32Array(length).fill(1.5))).toBeLessThan(bound);
  });

  it('refuses a step before the first and tensors of different lengths', () => {
    const { tensors, free } = setUp(new Float32Array(4), 1);
    const optimizer = adamW(gpu, tensors, options);
    expect(() => {
      optimizer.setStep(0, 0.1);
    }).toThrow(/invariant broken/);
    const short = gpu.tensor([3], 'f32', 'short');
    expect(() => adamW(gpu, { ...tensors, m: short }, options)).toThrow(/invariant broken/);
    gpu.free(short);
    free();
  });
});
