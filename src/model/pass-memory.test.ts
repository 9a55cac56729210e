import { describe, expect, it } from 'vitest';
import { configProblem, mostElementsBound, presets, type ModelConfig } from './config.ts';
import { parameterLayout, vocabularyParts } from './parameters.ts';
import { headChunkRows, largestBindingBytes, peakBytes } from './pass-memory.ts';

const gibibyte = 2 ** 30;
const training = { batch: 1, gradients: true } as const;

describe('the memory of a step', () => {
  it('leaves room for `small` at its whole context in 4 GB, with the two moments of AdamW on top', () => {
    const { small } = presets;
    const moments = 2 * 4 * parameterLayout(small).length;
    const kept = peakBytes(small, { ...training, sequence: small.context });
    expect(kept + moments).toBeLessThan(4e9);
    const checkpointed = peakBytes(small, { ...training, sequence: small.context, checkpoint: true });
    expect(kept).toBeLessThan(1.6 * gibibyte);
    expect(checkpointed).toBeLessThan(1.05 * gibibyte);
    expect(largestBindingBytes(small, { ...training, sequence: small.context })).toBeLessThanOrEqual(2 ** 27);
  });

  it('asks for no binding above 128 MiB, whatever the vocabulary: embedding, head and logits come in parts', () => {
    const wide: ModelConfig = { ...presets.small, vocabulary: 65_536 };
    const options = { ...training, sequence: wide.context };
    expect(largestBindingBytes(wide, options)).toBeLessThanOrEqual(2 ** 27);
    expect(vocabularyParts(wide)).toEqual([
      { first: 0, rows: 43_648 },
      { first: 43_648, rows: 21_888 },
    ]);
    expect(headChunkRows(wide, 1024)).toBe(512);
    expect(peakBytes(wide, options) + 8 * parameterLayout(wide).length).toBeLessThan(5e9);
  });

  it('names the parts of a vocabulary and nothing else differently, with the same words in the same order', () => {
    const whole = parameterLayout(presets.nano);
    const parts = parameterLayout(presets.nano, 32_768); // gateUp just fits
    expect(parts.length).toBe(whole.length);
    expect(parts.specs.map(({ name }) => name)).toEqual(whole.specs.map(({ name }) => name));
    const cut = parameterLayout({ ...presets.nano, vocabulary: 1088 }, 32_768);
    const embedding = cut.specs.filter(({ name }) => name.startsWith('embedding'));
    expect(embedding.map(({ name, rows, offset }) => [name, rows, offset])).toEqual([
      ['embedding.0', 512, 0],
      ['embedding.1', 512, 32_768],
      ['embedding.2', 64, 65_536],
    ]);
    expect(cut.length).toBe(parameterLayout({ ...presets.nano, vocabulary: 1088 }).length);
  });

  it('is smaller in mixed precision by half of the activations that are f16, less a copy of the parameters', () => {
    const { small } = presets;
    const options = { ...training, batch: 8, sequence: small.context };
    const layout = parameterLayout(small).length;
    const { width, hidden, blocks, vocabulary } = small;
    const halves = blocks * (6 * width + 2 * hidden) + hidden + width + vocabulary + width + 2 * hidden;
    const saved = peakBytes(small, options) - peakBytes(small, { ...options, precision: 'mixed' });
    expect(saved).toBe(2 * 8 * small.context * halves - 2 * layout);
    expect(saved).toBeGreaterThan(0.33 * peakBytes(small, options));
  });

  it('grows with the micro-batch, and with depth only where activations are kept', () => {
    const bytes = (blocks: number, batch: number, checkpoint: boolean): number => {
      const config = { ...presets.micro, blocks };
      const parameters = 2 * 4 * parameterLayout(config).length;
      return peakBytes(config, { batch, sequence: 256, gradients: true, checkpoint }) - parameters;
    };
    expect(bytes(6, 2, false)).toBeGreaterThan(1.9 * bytes(6, 1, false));
    expect(bytes(12, 1, false)).toBeGreaterThan(1.7 * bytes(6, 1, false));
    const stream = 4 * 256 * 320; // what enters a block
    expect(bytes(12, 1, true) - bytes(6, 1, true)).toBe(6 * stream);
  });

  it('is refused where a matrix of a block, which does not come in parts, is longer than a binding', () => {
    const config: ModelConfig = { ...presets.nano, blocks: 1, width: 2048, hidden: 8192, heads: 16 };
    expect(2 * config.hidden * config.width).toBe(mostElementsBound);
    expect(configProblem(config)).toBe(undefined);
    expect(configProblem({ ...config, hidden: 8256 })).toContain('longer than what WebGPU binds');
  });
});
