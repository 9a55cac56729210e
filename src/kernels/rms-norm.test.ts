import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { asHalves, halfBound, offersHalves } from '../testing/halves.ts';
import type { Lanes } from './lanes.ts';
import { rmsNormBackwardReference, rmsNormReference } from './rms-norm.reference.ts';
import { rmsNorm, rmsNormBackward } from './rms-norm.ts';

const gpu = await openTestGpu();
const bound = 1e-5;

type Shape = [rows: number, width: number];
const seed = 20260101;
const random = new SeededRandom(seed);
const shapes: Shape[] = [
  [1, 1],
  [1, 70],
  [256, 64],
  [5, 768],
  [130, 320],
  ...Array.from({ length: 6 }, (): Shape => [1 + random.below(90), 1 + random.below(200)]),
];

/** Row n scaled by its own factor, so that a row read for another shows. */
function unevenRows(draws: SeededRandom, rows: number, width: number): Float32Array<ArrayBuffer> {
  const values = randomNormal(draws, rows * width);
  for (let n = 0; n < rows; n++) {
    const factor = Math.exp(2 * draws.normal());
    for (let j = 0; j < width; j++) values[n * width + j] *= factor;
  }
  return values;
}

async function forward(x: Float32Array<ArrayBuffer>, gain: Float32Array<ArrayBuffer>, lanes?: Lanes) {
  const width = gain.length;
  const rows = x.length / width;
  const tensors = {
    x: gpu.tensor([rows, width], 'f32', 'x', x),
    gain: gpu.tensor([width], 'f32', 'gain', gain),
    out: gpu.tensor([rows, width], 'f32', 'out', poisoned(rows * width)),
    rstd: gpu.tensor([rows], 'f32', 'rstd', poisoned(rows)),
  };
  gpu.submit([rmsNorm(gpu, tensors, lanes)]);
  const [out, rstd] = await gpu.read(tensors.out, tensors.rstd);
  gpu.free(...Object.values(tensors));
  return { out, rstd };
}

describe.each([1, 16] as const)('rmsNorm with %i lanes a row', (lanes) => {
  it.each(shapes)(`agrees with the reference for [%i, %i] (seed ${seed})`, async (rows, width) => {
    const draws = new SeededRandom(seed + 1000 * rows + width);
    const x = unevenRows(draws, rows, width);
    const gain = randomNormal(draws, width);
    const actual = await forward(x, gain, lanes);
    const expected = rmsNormReference(x, gain);
    expect(relativeL2(actual.out, expected.out)).toBeLessThan(bound);
    expect(relativeL2(actual.rstd, expected.rstd)).toBeLessThan(bound);
  });

  it('gives a row of zeros zeros, not NaN', async () => {
    const { out, rstd } = await forward(new Float32Array(40), new Float32Array(20).fill(1), lanes);
    expect([...out]).toEqual([...new Float32Array(40)]);
    expect(relativeL2(rstd, [1e5 ** 0.5, 1e5 ** 0.5])).toBeLessThan(bound);
  });
});

describe.each([1, 16] as const)('rmsNormBackward with %i lanes a row', (lanes) => {
  it.each(shapes)(`adds the reference's gradients for [%i, %i] (seed ${seed})`, async (rows, width) => {
    const draws = new SeededRandom(seed + 1000 * rows + width);
    const x = unevenRows(draws, rows, width);
    const gain = randomNormal(draws, width);
    const dOut = randomNormal(draws, rows * width);
    const dX = randomNormal(draws, rows * width);
    const dGain = randomNormal(draws, width);
    const tensors = {
      x: gpu.tensor([rows, width], 'f32', 'x', x),
      gain: gpu.tensor([width], 'f32', 'gain', gain),
      rstd: gpu.tensor([rows], 'f32', 'rstd', Float32Array.from(rmsNormReference(x, gain).rstd)),
      dOut: gpu.tensor([rows, width], 'f32', 'dOut', dOut),
      dX: gpu.tensor([rows, width], 'f32', 'dX', dX),
      dGain: gpu.tensor([width], 'f32', 'dGain', dGain),
    };
    gpu.submit([rmsNormBackward(gpu, tensors, { lanes })]);
    const [actualX, actualGain] = await gpu.read(tensors.dX, tensors.dGain);
    gpu.free(...Object.values(tensors));
    const expected = rmsNormBackwardReference(x, gain, dOut);
    const withStart = (gradient: Float64Array, start: Float32Array) =>
      gradient.map((value, i) => value + start[i]);
    expect(relativeL2(actualX, withStart(expected.dX, dX))).toBeLessThan(bound);
    expect(relativeL2(actualGain, withStart(expected.dGain, dGain))).toBeLessThan(bound);
  });
});

describe('rmsNorm and rmsNormBackward', () => {
  if (offersHalves(gpu)) {
    it.each([
      [37, 68],
      [9, 33],
    ])(`agree with the reference within 1e-3 in f16, for [%i, %i] (seed ${seed})`, async (rows, width) => {
      const draws = new SeededRandom(seed + rows);
      const [x, gain] = [asHalves(unevenRows(draws, rows, width)), randomNormal(draws, width)];
      const [dOut, dX] = [0, 1].map(() => asHalves(randomNormal(draws, rows * width)));
      const [wanted, gradients] = [rmsNormReference(x, gain), rmsNormBackwardReference(x, gain, dOut)];
      const wide = (label: string, values = poisoned(rows * width)) =>
        gpu.tensor([rows, width], 'f16', label, values);
      const tensors = {
        ...{ x: wide('x', x), out: wide('out'), dOut: wide('dOut', dOut), dX: wide('dX', dX) },
        gain: gpu.tensor([width], 'f32', 'gain', gain),
        rstd: gpu.tensor([rows], 'f32', 'rstd', poisoned(rows)),
        dGain: gpu.tensor([width], 'f32', 'dGain'),
      };
      for (const lanes of [1, 16] as const) {
        gpu.write(tensors.dX, dX);
        const backward = rmsNormBackward(gpu, tensors, { lanes, scale: 1 / 256 });
        gpu.submit([rmsNorm(gpu, tensors, lanes), backward], [tensors.dGain]);
        const [out, rstd, sum, dGain] = await gpu.read(tensors.out, tensors.rstd, tensors.dX, tensors.dGain);
        expect(relativeL2(out, wanted.out)).toBeLessThan(halfBound);
        expect(relativeL2(rstd, wanted.rstd)).toBeLessThan(bound);
        const added = gradients.dX.map((value, i) => value + dX[i]);
        expect(relativeL2(sum, added)).toBeLessThan(halfBound);
        const scaled = gradients.dGain.map((value) => value / 256);
        expect(relativeL2(dGain, scaled)).toBeLessThan(bound);
      }
      gpu.free(...Object.values(tensors));
    });
  }

  it(`adds the gain's gradient times a scale (seed ${seed})`, async () => {
    const draws = new SeededRandom(seed);
    const [x, gain, dOut] = [unevenRows(draws, 5, 8), randomNormal(draws, 8), randomNormal(draws, 40)];
    const before = randomNormal(draws, 8);
    const tensors = {
      x: gpu.tensor([5, 8], 'f32', 'x', x),
      gain: gpu.tensor([8], 'f32', 'gain', gain),
      rstd: gpu.tensor([5], 'f32', 'rstd', Float32Array.from(rmsNormReference(x, gain).rstd)),
      dOut: gpu.tensor([5, 8], 'f32', 'dOut', dOut),
      dX: gpu.tensor([5, 8], 'f32', 'dX'),
      dGain: gpu.tensor([8], 'f32', 'dGain', before),
    };
    gpu.submit([rmsNormBackward(gpu, tensors, { scale: 0.125 })]);
    const expected = rmsNormBackwardReference(x, gain, dOut);
    const dGain = expected.dGain.map((value, i) => before[i] + value / 8);
    expect(relativeL2(await gpu.readF32(tensors.dGain), dGain)).toBeLessThan(bound);
    expect(relativeL2(await gpu.readF32(tensors.dX), expected.dX)).toBeLessThan(bound);
    gpu.free(...Object.values(tensors));
  });

  it(`writes dX over what is there when told not to add (seed ${seed})`, async () => {
    const [rows, width] = [37, 68];
    const draws = new SeededRandom(seed);
    const [x, dOut] = [unevenRows(draws, rows, width), randomNormal(draws, rows * width)];
    const gain = randomNormal(draws, width);
    const tensors = {
      x: gpu.tensor([rows, width], 'f32', 'x', x),
      gain: gpu.tensor([width], 'f32', 'gain', gain),
      rstd: gpu.tensor([rows], 'f32', 'rstd', Float32Array.from(rmsNormReference(x, gain).rstd)),
      dOut: gpu.tensor([rows, width], 'f32', 'dOut', dOut),
      dX: gpu.tensor([rows, width], 'f32', 'dX', poisoned(rows * width)),
      dGain: gpu.tensor([width], 'f32', 'dGain'),
    };
    for (const lanes of [1, 16] as const) {
      gpu.write(tensors.dX, poisoned(rows * width));
      gpu.submit([rmsNormBackward(gpu, tensors, { lanes, accumulate: false })], [tensors.dGain]);
      const [dX, dGain] = await gpu.read(tensors.dX, tensors.dGain);
      const expected = rmsNormBackwardReference(x, gain, dOut);
      expect(relativeL2(dX, expected.dX)).toBeLessThan(bound);
      expect(relativeL2(dGain, expected.dGain)).toBeLessThan(bound);
    }
    gpu.free(...Object.values(tensors));
  });

  it('reaches every row when there are more workgroups than one grid dimension holds', async () => {
    const x = new Float32Array(65535 * 64 + 5).map((_, i) => (i % 13) / 5 - 1);
    const gain = Float32Array.of(1.5);
    const actual = await forward(x, gain, 1);
    expect(relativeL2(actual.out, rmsNormReference(x, gain).out)).toBeLessThan(bound);
  });

  it('refuses tensors whose sizes do not fit together', () => {
    const tensors = {
      x: gpu.tensor([3, 8], 'f32', 'x'),
      gain: gpu.tensor([8], 'f32', 'gain'),
      out: gpu.tensor([3, 8], 'f32', 'out'),
      rstd: gpu.tensor([4], 'f32', 'rstd'),
    };
    expect(() => rmsNorm(gpu, tensors)).toThrow(/invariant broken/);
    gpu.free(...Object.values(tensors));
  });

  it(`has a reference whose gradients are those of finite differences (seed ${seed})`, () => {
    const draws = new SeededRandom(seed);
    const [rows, width] = [3, 7];
    const x = Float64Array.from(randomNormal(draws, rows * width));
    const gain = Float64Array.from(randomNormal(draws, width));
    const dOut = randomNormal(draws, rows * width);
    const loss = (): number => rmsNormReference(x, gain).out.reduce((sum, out, i) => sum + out * dOut[i], 0);
    const slopes = (values: Float64Array): Float64Array =>
      values.map((_, i) => {
        const kept = values[i];
        values[i] = kept + 1e-5;
        const above = loss();
        values[i] = kept - 1e-5;
        const below = loss();
        values[i] = kept;
        return (above - below) / 2e-5;
      });
    const { dX, dGain } = rmsNormBackwardReference(x, gain, dOut);
    expect(relativeL2(dX, slopes(x))).toBeLessThan(1e-7);
    expect(relativeL2(dGain, slopes(gain))).toBeLessThan(1e-7);
  });
});
