import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { asHalves, halfBound, offersHalves } from '../testing/halves.ts';
import { crossEntropyReference } from './cross-entropy.reference.ts';
import { crossEntropy, crossEntropyOfParts } from './cross-entropy.ts';
import type { Lanes } from './lanes.ts';

const gpu = await openTestGpu();
const bound = 1e-5;

type Shape = [rows: number, vocabulary: number];
const seed = 20260104;
const random = new SeededRandom(seed);
const shapes: Shape[] = [
  [1, 1],
  [1, 3],
  [256, 256],
  [3, 5000],
  ...Array.from({ length: 6 }, (): Shape => [1 + random.below(70), 2 + random.below(300)]),
];

async function run(
  logits: Float32Array<ArrayBuffer>,
  targets: Uint32Array<ArrayBuffer>,
  gradient: boolean,
  scale: number,
  lanes?: Lanes,
  dtype: 'f32' | 'f16' = 'f32',
) {
  const rows = targets.length;
  const vocabulary = logits.length / rows;
  const tensors = {
    logits: gpu.tensor([rows, vocabulary], dtype, 'logits', logits),
    targets: gpu.tensor([rows], 'u32', 'targets', targets),
    losses: gpu.tensor([rows], 'f32', 'losses', poisoned(rows)),
  };
  gpu.submit([crossEntropy(gpu, { ...tensors, gradient, scale }, lanes)]);
  const [losses, after] = await gpu.read(tensors.losses, tensors.logits);
  gpu.free(...Object.values(tensors));
  return { losses, after };
}

function draw(draws: SeededRandom, rows: number, vocabulary: number, offset = 0) {
  const logits = randomNormal(draws, rows * vocabulary, 3).map((value) => value + offset);
  const targets = Uint32Array.from({ length: rows }, () => draws.below(vocabulary));
  return { logits, targets };
}

describe.each([1, 16] as const)('crossEntropy with %i lanes a row', (lanes) => {
  it.each(shapes)(`agrees with the reference for [%i, %i] (seed ${seed})`, async (rows, vocabulary) => {
    const draws = new SeededRandom(seed + 1000 * rows + vocabulary);
    const { logits, targets } = draw(draws, rows, vocabulary);
    const scale = 0.25 + draws.float();
    const { losses, after } = await run(logits, targets, true, scale, lanes);
    const expected = crossEntropyReference(logits, targets, vocabulary);
    expect(relativeL2(losses, expected.losses)).toBeLessThan(bound);
    const scaled = expected.dLogits.map((value) => value * scale);
    expect(relativeL2(after, scaled)).toBeLessThan(bound);
  });

  if (offersHalves(gpu)) {
    it.each([
      [40, 256],
      [9, 77],
    ])(
      `agrees with the reference for logits in f16, gradients within 1e-3, [%i, %i] (seed ${seed})`,
      async (rows, vocabulary) => {
        const { logits, targets } = draw(new SeededRandom(seed + rows), rows, vocabulary);
        const held = asHalves(logits);
        const { losses, after } = await run(held, targets, true, 256, lanes, 'f16');
        const expected = crossEntropyReference(held, targets, vocabulary);
        expect(relativeL2(losses, expected.losses)).toBeLessThan(bound);
        const scaled = expected.dLogits.map((value) => value * 256);
        expect(relativeL2(after, scaled)).toBeLessThan(halfBound);
      },
    );
  }

  it(`gives the same losses and keeps the logits when no gradient is asked for (seed ${seed})`, async () => {
    const { logits, targets } = draw(new SeededRandom(seed), 19, 77);
    const { losses, after } = await run(logits, targets, false, 1, lanes);
    expect(relativeL2(losses, crossEntropyReference(logits, targets, 77).losses)).toBeLessThan(bound);
    expect([...after]).toEqual([...logits]);
  });

  it.each([1000, -1000])(
    `is not moved by a common offset of %i, where exp alone would overflow or vanish (seed ${seed})`,
    async (offset) => {
      const { logits, targets } = draw(new SeededRandom(seed), 9, 40, offset);
      const { losses, after } = await run(logits, targets, true, 1, lanes);
      const expected = crossEntropyReference(logits, targets, 40);
      expect(relativeL2(losses, expected.losses)).toBeLessThan(bound);
      expect(relativeL2(after, expected.dLogits)).toBeLessThan(bound);
    },
  );

  it(`gives a row whose target is outside the vocabulary no loss and no gradient (seed ${seed})`, async () => {
    const [rows, vocabulary] = [7, 33];
    const { logits, targets } = draw(new SeededRandom(seed), rows, vocabulary);
    targets[2] = vocabulary;
    targets[6] = 0xffffffff;
    const { losses, after } = await run(logits, targets, true, 1, lanes);
    const expected = crossEntropyReference(logits, targets, vocabulary);
    expect(losses[2]).toBe(0);
    expect(losses[6]).toBe(0);
    expect(relativeL2(losses, expected.losses)).toBeLessThan(bound);
    expect(relativeL2(after, expected.dLogits)).toBeLessThan(bound);
  });
});

/** The columns [from, to) of a [rows, width] matrix. */
function columnsOf(values: Float32Array, width: number, from: number, to: number): Float32Array<ArrayBuffer> {
  const cut = new Float32Array((values.length / width) * (to - from));
  for (let i = 0; i < cut.length; i++) {
    cut[i] = values[Math.floor(i / (to - from)) * width + from + (i % (to - from))];
  }
  return cut;
}

describe.each([1, 16] as const)('crossEntropyOfParts with %i lanes a row', (lanes) => {
  it.each([[[40, 24]], [[7, 64, 1]], [[30]]])(
    `agrees with the reference of the whole for parts of %j columns (seed ${seed})`,
    async (widths) => {
      const rows = 21;
      const vocabulary = widths.reduce((sum, width) => sum + width, 0);
      const { logits, targets: wanted } = draw(new SeededRandom(seed), rows, vocabulary, 100);
      wanted[3] = vocabulary + 2; // has no target
      const starts = widths.map((_, i) => widths.slice(0, i).reduce((sum, width) => sum + width, 0));
      const cuts = widths.map((width, i) => columnsOf(logits, vocabulary, starts[i], starts[i] + width));
      const parts = widths.map((width, i) => gpu.tensor([rows, width], 'f32', `part ${i}`, cuts[i]));
      const targets = gpu.tensor([rows], 'u32', 'targets', wanted);
      const losses = gpu.tensor([rows], 'f32', 'losses', poisoned(rows));
      const peaks = gpu.tensor([rows, 2], 'f32', 'peaks', poisoned(2 * rows));
      const expected = crossEntropyReference(logits, wanted, vocabulary);
      const bind = (gradient: boolean) =>
        crossEntropyOfParts(gpu, { parts, peaks, targets, losses, gradient, scale: 0.5 }, lanes);
      gpu.submit(bind(false));
      expect(relativeL2(await gpu.readF32(losses), expected.losses)).toBeLessThan(bound);
      for (const [i, part] of parts.entries()) expect(await gpu.readF32(part)).toEqual(cuts[i]);
      gpu.write(losses, poisoned(rows));
      gpu.submit(bind(true));
      expect(relativeL2(await gpu.readF32(losses), expected.losses)).toBeLessThan(bound);
      const dLogits = Float32Array.from(expected.dLogits, (value) => value * 0.5);
      for (const [i, part] of parts.entries()) {
        const cut = columnsOf(dLogits, vocabulary, starts[i], starts[i] + widths[i]);
        expect(relativeL2(await gpu.readF32(part), cut), `part ${i}`).toBeLessThan(bound);
      }
      gpu.free(...parts, targets, losses, peaks);
    },
  );
});

describe('crossEntropy', () => {
  it('reaches every row when there are more workgroups than one grid dimension holds', async () => {
    const rows = 65535 * 64 + 5;
    const logits = new Float32Array(2 * rows).map((_, i) => (i % 13) / 2 - 3);
    const targets = new Uint32Array(rows).map((_, i) => i % 2);
    const { losses, after } = await run(logits, targets, true, 1, 1);
    const expected = crossEntropyReference(logits, targets, 2);
    expect(relativeL2(losses, expected.losses)).toBeLessThan(bound);
    expect(relativeL2(after, expected.dLogits)).toBeLessThan(bound);
  });

  it(`has a reference whose gradient is that of finite differences (seed ${seed})`, () => {
    const { logits, targets } = draw(new SeededRandom(seed), 3, 6);
    const values = Float64Array.from(logits);
    const loss = (): number =>
      crossEntropyReference(values, targets, 6).losses.reduce((sum, one) => sum + one, 0);
    const slopes = values.map((kept, i) => {
      values[i] = kept + 1e-5;
      const above = loss();
      values[i] = kept - 1e-5;
      const below = loss();
      values[i] = kept;
      return (above - below) / 2e-5;
    });
    expect(relativeL2(crossEntropyReference(values, targets, 6).dLogits, slopes)).toBeLessThan(1e-7);
  });

  it('refuses logits that are not as many rows as there are losses', () => {
    const logits = gpu.tensor([4, 8], 'f32', 'logits');
    const targets = gpu.tensor([3], 'u32', 'targets');
    const losses = gpu.tensor([3], 'f32', 'losses');
    const options = { logits, targets, losses, gradient: true, scale: 1 };
    expect(() => crossEntropy(gpu, options)).toThrow(/invariant broken/);
    gpu.free(logits, targets, losses);
  });
});
