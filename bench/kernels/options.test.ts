import { describe, expect, it } from 'vitest';
import { parseOptions } from './options.ts';

describe('options of the bench', () => {
  it('ask for everything in Chromium where none is given', () => {
    expect(parseOptions([])).toEqual({
      device: 'chromium',
      peers: ['jax', 'tfjs', 'ort'],
      sections: ['matmul', 'attention', 'compression', 'apply', 'step'],
      runs: 11,
      json: undefined,
      check: false,
    });
  });

  it('take lists, and no peers where empty or in Node', () => {
    expect(parseOptions(['--peers', 'ort,jax', '--sections', 'step'])).toMatchObject({
      peers: ['ort', 'jax'],
      sections: ['step'],
    });
    expect(parseOptions(['--peers', '']).peers).toEqual([]);
    expect(parseOptions(['--device', 'node', '--peers', 'jax']).peers).toEqual([]);
  });

  it('refuse what is not known, by name', () => {
    expect(() => parseOptions(['--peers', 'torch'])).toThrow(/torch: it is one of jax, tfjs, ort/);
    expect(() => parseOptions(['--device', ''])).toThrow(/device/);
    expect(() => parseOptions(['--runs', '2'])).toThrow(/3 or more/);
    expect(() => parseOptions(['--fast'])).toThrow();
  });
});
