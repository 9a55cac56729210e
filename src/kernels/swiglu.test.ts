import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { asHalves, halfBound, offersHalves } from '../testing/halves.ts';
import { swigluBackwardReference, swigluReference } from './swiglu.reference.ts';
import { swiglu, swigluBackward } from './swiglu.ts';

const gpu = await openTestGpu();
const bound = 1e-5;

type Shape = [rows: number, hidden: number];
const seed = 20260102;
const random = new SeededRandom(seed);
const shapes: Shape[] = [
  [1, 1],
  [1, 65],
  [256, 256],
  ...Array.from({ length: 6 }, (): Shape => [1 + random.below(80), 1 + random.below(150)]),
];

type Stored = 'f32' | 'f16';

async function forward(
  gateUp: Float32Array<ArrayBuffer>,
  rows: number,
  hidden: number,
  dtype: Stored = 'f32',
) {
  const tensors = {
    gateUp: gpu.tensor([rows, 2 * hidden], dtype, 'gateUp', gateUp),
    out: gpu.tensor([rows, hidden], dtype, 'out', poisoned(rows * hidden)),
  };
  gpu.submit([swiglu(gpu, tensors)]);
  const out = await gpu.readF32(tensors.out);
  gpu.free(...Object.values(tensors));
  return out;
}

async function backward(
  gateUp: Float32Array<ArrayBuffer>,
  dOut: Float32Array<ArrayBuffer>,
  rows: number,
  hidden: number,
  dtype: Stored = 'f32',
) {
  const tensors = {
    gateUp: gpu.tensor([rows, 2 * hidden], dtype, 'gateUp', gateUp),
    dOut: gpu.tensor([rows, hidden], dtype, 'dOut', dOut),
    dGateUp: gpu.tensor([rows, 2 * hidden], dtype, 'dGateUp', poisoned(rows * 2 * hidden)),
  };
  gpu.submit([swigluBackward(gpu, tensors)]);
  const dGateUp = await gpu.readF32(tensors.dGateUp);
  gpu.free(...Object.values(tensors));
  return dGateUp;
}

describe('swiglu', () => {
  if (offersHalves(gpu)) {
    it.each([
      [40, 64],
      [7, 33],
    ])('agrees with the reference within 1e-3 in f16 for [%i, %i]', async (rows, hidden) => {
      const draws = new SeededRandom(seed + rows);
      const gateUp = asHalves(randomNormal(draws, rows * 2 * hidden, 3));
      const dOut = asHalves(randomNormal(draws, rows * hidden));
      const out = await forward(gateUp, rows, hidden, 'f16');
      expect(relativeL2(out, swigluReference(gateUp, rows, hidden))).toBeLessThan(halfBound);
      const dGateUp = await backward(gateUp, dOut, rows, hidden, 'f16');
      const expected = swigluBackwardReference(gateUp, dOut, rows, hidden);
      expect(relativeL2(dGateUp, expected)).toBeLessThan(halfBound);
    });

    it('stores what is too large for f16 as its largest', async () => {
      const out = await forward(Float32Array.of(300, 2, 300, 300, 500, 3), 1, 3, 'f16');
      expect([...out]).toEqual([65504, 881, 900]);
    });
  }

  it.each(shapes)(`agrees with the reference for [%i, %i] (seed ${seed})`, async (rows, hidden) => {
    const draws = new SeededRandom(seed + 1000 * rows + hidden);
    const gateUp = randomNormal(draws, rows * 2 * hidden, 3);
    const dOut = randomNormal(draws, rows * hidden);
    const out = await forward(gateUp, rows, hidden);
    expect(relativeL2(out, swigluReference(gateUp, rows, hidden))).toBeLessThan(bound);
    const dGateUp = await backward(gateUp, dOut, rows, hidden);
    expect(relativeL2(dGateUp, swigluBackwardReference(gateUp, dOut, rows, hidden))).toBeLessThan(bound);
  });

  it('stays finite and exact in the limit for gates far from zero', async () => {
    const gates = [-3e38, -1000, -89, 0, 89, 1000, 3e38];
    const gateUp = Float32Array.from([...gates, ...gates.map(() => 1)]);
    const out = await forward(gateUp, 1, gates.length);
    const dGateUp = await backward(gateUp, new Float32Array(gates.length).fill(1), 1, gates.length);
    for (const [i, gate] of gates.entries()) {
      const ramp = Math.max(0, Math.fround(gate));
      const small = Math.abs(gate) * 2e-35 + 1e-30;
      expect(Math.abs(out[i] - ramp), `out for gate ${gate}`).toBeLessThanOrEqual(small);
      expect(Math.abs(dGateUp[gates.length + i] - ramp), `dUp for gate ${gate}`).toBeLessThanOrEqual(small);
      const slope = gate === 0 ? 0.5 : gate > 0 ? 1 : 0;
      expect(Math.abs(dGateUp[i] - slope), `dGate for gate ${gate}`).toBeLessThanOrEqual(small);
    }
  });

  it('reaches every element when there are more workgroups than one grid dimension holds', async () => {
    const [rows, hidden] = [65535 * 64 + 7, 1];
    const gateUp = new Float32Array(2 * rows).map((_, i) => (i % 13) / 5 - 1);
    const dOut = new Float32Array(rows).map((_, i) => (i % 11) / 5 - 1);
    const out = await forward(gateUp, rows, hidden);
    expect(relativeL2(out, swigluReference(gateUp, rows, hidden))).toBeLessThan(bound);
    const dGateUp = await backward(gateUp, dOut, rows, hidden);
    expect(relativeL2(dGateUp, swigluBackwardReference(gateUp, dOut, rows, hidden))).toBeLessThan(bound);
  });

  it(`has a reference whose gradient is that of finite differences (seed ${seed})`, () => {
    const draws = new SeededRandom(seed);
    const [rows, hidden] = [2, 5];
    const gateUp = Float64Array.from(randomNormal(draws, rows * 2 * hidden, 2));
    const dOut = randomNormal(draws, rows * hidden);
    const loss = (): number =>
      swigluReference(gateUp, rows, hidden).reduce((sum, out, i) => sum + out * dOut[i], 0);
    const slopes = gateUp.map((kept, i) => {
      gateUp[i] = kept + 1e-5;
      const above = loss();
      gateUp[i] = kept - 1e-5;
      const below = loss();
      gateUp[i] = kept;
      return (above - below) / 2e-5;
    });
    expect(relativeL2(swigluBackwardReference(gateUp, dOut, rows, hidden), slopes)).toBeLessThan(1e-7);
  });

  it('refuses a gateUp whose rows are not twice as wide', () => {
    const gateUp = gpu.tensor([4, 6], 'f32', 'gateUp');
    const out = gpu.tensor([3, 4], 'f32', 'out');
    expect(() => swiglu(gpu, { gateUp, out })).toThrow(/invariant broken/);
    gpu.free(gateUp, out);
  });
});
