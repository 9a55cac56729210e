import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { configProblem, countParameters, presets, type ModelConfig } from './config.ts';
import { latticePerUnit } from '../kernels/apply.reference.ts';
import { decodeParameters, initialParameters, parameterLayout } from './parameters.ts';

const tiny: ModelConfig = { vocabulary: 64, width: 64, blocks: 2, heads: 4, hidden: 128, context: 16 };

describe('a config', () => {
  it('is refused beyond the 2^30 parameters whose digest words have an index of their own in 32 bits', () => {
    const large: ModelConfig = { ...tiny, width: 2048, hidden: 8192, blocks: 15, heads: 16, vocabulary: 256 };
    expect(countParameters(large)).toBeLessThanOrEqual(2 ** 30);
    expect(configProblem({ ...large, blocks: 16 })).toBe('more parameters than any we train');
  });
});

describe('the parameter layout', () => {
  it('holds every parameter of every preset once, without gaps, gains last', () => {
    for (const config of Object.values(presets)) {
      const { specs, length } = parameterLayout(config);
      let next = 0;
      for (const { offset, rows, cols } of specs) {
        expect(offset).toBe(next);
        next += rows * cols;
      }
      expect(next).toBe(length);
      expect(length).toBe(countParameters(config));
      expect(specs.filter(({ kind }) => kind === 'gains').map(({ name }) => name)).toEqual(['gains']);
      expect(specs.at(-1)?.name).toBe('gains');
    }
  });
});

describe('initial parameters', () => {
  it('are a pure function of config and seed', () => {
    expect(initialParameters(tiny, 1)).toEqual(initialParameters(tiny, 1));
    expect(initialParameters(tiny, 1)).not.toEqual(initialParameters(tiny, 2));
  });

  it('have words that no later change may move, because replicas of one run start from them', () => {
    const bits = new Uint32Array(initialParameters(tiny, 1).buffer);
    let fold = 0;
    for (const word of bits) fold = (Math.imul(fold, 31) + word) >>> 0;
    expect(fold).toBe(1_464_469_472);
  });

  it('have mean 0 and the stated standard deviation in every matrix (seed 7)', () => {
    const values = initialParameters(presets.nano, 7);
    for (const { name, kind, rows, cols, offset } of parameterLayout(presets.nano).specs) {
      const part = values.subarray(offset, offset + rows * cols);
      if (kind === 'gains') {
        expect([...new Set(part)]).toEqual([1]);
        continue;
      }
      const wanted = /output|down/.test(name) ? 0.02 / Math.sqrt(2 * presets.nano.blocks) : 0.02;
      const mean = part.reduce((sum, value) => sum + value, 0) / part.length;
      const deviation = Math.sqrt(part.reduce((sum, value) => sum + (value - mean) ** 2, 0) / part.length);
      const standardError = 1 / Math.sqrt(part.length);
      expect(Math.abs(mean), `${name} mean`).toBeLessThan(4 * wanted * standardError);
      expect(Math.abs(deviation / wanted - 1), `${name} deviation`).toBeLessThan(4 * standardError);
    }
  });

  it('look like independent draws: neighbours in a row, in a column and in other tensors do not correlate (seed 3)', () => {
    const values = initialParameters(presets.nano, 3).subarray(0, 256 * 64);
    for (const lag of [1, 2, 64, 128, 4096, 8192]) {
      let product = 0;
      let square = 0;
      for (let i = 0; i + lag < values.length; i++) {
        product += values[i] * values[i + lag];
        square += values[i] ** 2;
      }
      expect(Math.abs(product / square), `lag ${lag}`).toBeLessThan(4 / Math.sqrt(values.length - lag));
    }
  });

  it('lie exactly on the lattice', () => {
    const values = initialParameters(presets.nano, 5);
    for (const { kind, rows, cols, offset } of parameterLayout(presets.nano).specs) {
      const offLattice = values
        .subarray(offset, offset + rows * cols)
        .findIndex(
          (value) =>
            !Number.isInteger(value * latticePerUnit[kind]) ||
            Math.abs(value * latticePerUnit[kind]) >= 2 ** 24,
        );
      expect(offLattice).toBe(-1);
    }
  });

  it('of ten million parameters take no more than seconds', () => {
    const before = performance.now();
    expect(initialParameters(presets.micro, 1).length).toBe(countParameters(presets.micro));
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});

describe('decoding a snapshot of parameters', () => {
  const layout = parameterLayout(tiny);
  const encode = (values: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
    new Uint8Array(values.buffer.slice(0));
  const good = initialParameters(tiny, 1);
  const withValue = (index: number, value: number): Uint8Array<ArrayBuffer> =>
    encode(Float32Array.from(good, (old, i) => (i === index ? value : old)));
  const reason = (bytes: Uint8Array<ArrayBuffer>): string => {
    const outcome = decodeParameters(layout, bytes);
    return outcome.ok ? 'accepted' : outcome.reason;
  };

  it('returns the very words that were encoded', () => {
    expect(decodeParameters(layout, encode(good))).toEqual({ ok: true, value: good });
  });

  it('accepts the largest lattice values and refuses the next ones', () => {
    const gain = layout.length - 1;
    expect(reason(withValue(0, (2 ** 24 - 1) * 2 ** -22))).toBe('accepted');
    expect(reason(withValue(0, -(2 ** 24 - 1) * 2 ** -22))).toBe('accepted');
    expect(reason(withValue(0, 4))).toBe('out of range');
    expect(reason(withValue(gain, 15.5))).toBe('accepted');
    expect(reason(withValue(gain, -16))).toBe('out of range');
  });

  it('refuses what is not a lattice value', () => {
    expect(reason(withValue(3, 2 ** -23))).toBe('off the lattice');
    expect(reason(withValue(layout.length - 1, 1 + 2 ** -22))).toBe('off the lattice');
    expect(reason(withValue(3, -0))).toBe('negative zero');
    expect(reason(withValue(3, NaN))).toBe('not finite');
    expect(reason(withValue(3, Infinity))).toBe('not finite');
  });

  it('refuses every other length', () => {
    const bytes = encode(good);
    for (const length of [0, 1, bytes.length - 4, bytes.length - 1]) {
      expect(reason(bytes.slice(0, length))).toBe('wrong length');
    }
    expect(reason(new Uint8Array(bytes.length + 4))).toBe('wrong length');
  });

  it('never throws, whatever the bytes (seed 11)', () => {
    const random = new SeededRandom(11);
    for (let trial = 0; trial < 20; trial++) {
      const bytes = encode(good);
      for (let flip = 0; flip < 1 + trial; flip++) bytes[random.below(bytes.length)] = random.below(256);
      expect(() => decodeParameters(layout, bytes)).not.toThrow();
    }
  });
});
