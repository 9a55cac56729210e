import { expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal } from '../testing/gpu.ts';
import { variantsFor } from './matmul-source.ts';
import { matmul } from './matmul.ts';

const gpu = await openTestGpu();
const shape = { m: 83, n: 71, k: 37, batch: 2, transpose: 'tn' } as const;
/** `quad16` numbers its tiles as `quad` does, and `staged` as `staged64`. */
const alike = ['quad16', 'staged'];
const offered = variantsFor(gpu, { ...shape, accumulate: true, epilogue: 'plain' }).filter(
  ({ name }) => !alike.includes(name),
);

test.each(offered)('a product in parts is the same words as in one go, by $name', async (variant) => {
  const random = new SeededRandom(7);
  const { m, n, k, batch } = shape;
  const a = gpu.tensor([batch * k, m], 'f32', 'a', randomNormal(random, batch * k * m));
  const b = gpu.tensor([batch * k, n], 'f32', 'b', randomNormal(random, batch * k * n));
  const out = gpu.tensor([batch * m, n], 'f32', 'out');
  // To what is there the product is added, so that one run twice shows.
  const product = matmul(gpu, { a, b, out, ...shape, accumulate: true, variant });
  const words = async (): Promise<Float32Array> => {
    gpu.write(out, poisoned(out.length));
    gpu.submit([product]);
    return gpu.readF32(out);
  };
  const whole = await words();
  for (const parts of [2, 5]) {
    gpu.kernels.parts.set(product.kind, parts);
    expect(gpu.kernels.partsOf(product).length).toBeGreaterThan(1);
    expect(await words()).toEqual(whole);
  }
  gpu.free(a, b, out);
});
