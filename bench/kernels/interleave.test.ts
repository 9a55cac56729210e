import { expect, it } from 'vitest';
import { interleave, runsFor } from './interleave.ts';
import type { LibraryName, Prepared } from './types.ts';

it('gives a slow library fewer runs, three at least', () => {
  expect(runsFor(11, 1)).toBe(11);
  expect(runsFor(11, 2_400)).toBe(5);
  expect(runsFor(11, 60_000)).toBe(3);
});

it('takes turns after the warm-up, with another set of inputs each run', async () => {
  const order: string[] = [];
  const contender = (name: LibraryName): [LibraryName, Prepared] => [
    name,
    {
      run: (set) => Promise.resolve(void order.push(`${name}${set}`)),
      result: () => Promise.resolve(new Float32Array(0)),
      free: () => undefined,
    },
  ];
  const times = await interleave(new Map([contender('ours'), contender('jax')]), 4);
  expect([...times].map(([name, ms]) => [name, ms.length])).toEqual([
    ['ours', 4],
    ['jax', 4],
  ]);
  const warmUp = ['ours0', 'ours1', 'jax0', 'jax1'];
  expect(order).toEqual([...warmUp, ...['ours0', 'jax0', 'jax1', 'ours1', 'ours2', 'jax2', 'jax0', 'ours0']]);
});
