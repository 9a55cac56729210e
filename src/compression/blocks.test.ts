import { expect, test } from 'vitest';
import { presets } from '../model/config.ts';
import { parameterLayout } from '../model/parameters.ts';
import { blockLayout, type ParameterSpec } from './blocks.ts';

test.each(['nano', 'micro', 'small'] as const)('every element of %s lies in exactly one block', (preset) => {
  const { specs, length } = parameterLayout(presets[preset]);
  const layout = blockLayout(specs);
  expect(layout.length).toBe(length);
  expect(layout.parameters.reduce((sum, { blocks, size }) => sum + blocks * size, 0)).toBe(length);
  layout.parameters.forEach(({ firstBlock }, index) => {
    const before = layout.parameters.slice(0, index).reduce((sum, { blocks }) => sum + blocks, 0);
    expect(firstBlock).toBe(before);
  });
  expect(layout.blocks).toBe(layout.parameters.reduce((sum, { blocks }) => sum + blocks, 0));
});

test('nano has 40 blocks of matrices and 5 of gains', () => {
  const { parameters } = blockLayout(parameterLayout(presets.nano).specs);
  const count = (kind: string): number =>
    parameters.filter(({ spec }) => spec.kind === kind).reduce((sum, { blocks }) => sum + blocks, 0);
  expect([count('matrix'), count('gains')]).toEqual([40, 5]);
});

test('dimensions that are not multiples of 64, gains of two rows and gaps between tensors are refused', () => {
  const fine: ParameterSpec = { name: 'w', kind: 'matrix', rows: 64, cols: 128, offset: 0 };
  const broken: Partial<ParameterSpec>[] = [
    { rows: 63 },
    { cols: 100 },
    { rows: 0 },
    { rows: 64.5 },
    { kind: 'gains' },
    { offset: 64 },
    { cols: NaN },
  ];
  expect(blockLayout([fine]).blocks).toBe(2);
  for (const change of broken) {
    expect(() => blockLayout([{ ...fine, ...change }]), JSON.stringify(change)).toThrow(
      expect.objectContaining({ code: 'unblockable-parameters' }),
    );
  }
});
