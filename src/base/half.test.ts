import { expect, test } from 'vitest';
import { fromHalf, toHalf } from './half.ts';
import { SeededRandom } from './random.ts';

test('every half comes back as it was', () => {
  for (let word = 0; word < 0x10000; word++) {
    const value = fromHalf(word);
    if (Number.isNaN(value)) expect(fromHalf(toHalf(value))).toBeNaN();
    else expect(toHalf(value)).toBe(word);
  }
});

const seed = 20261123;
test(`a number becomes the nearest half, ties to even (seed ${seed})`, () => {
  const random = new SeededRandom(seed);
  for (let i = 0; i < 100_000; i++) {
    const low = Math.floor(random.float() * 0x7bff);
    const [a, b] = [fromHalf(low), fromHalf(low + 1)];
    expect(toHalf((a + b) / 2)).toBe(low + (low & 1));
    const value = Math.fround(a + (b - a) * random.float());
    const nearest = Math.abs(value - a) < Math.abs(value - b) ? low : low + 1;
    if (value !== (a + b) / 2) expect(toHalf(-value)).toBe(nearest | 0x8000);
  }
});

test('the ends of the range', () => {
  expect([65504, 65519.99, 65520, 1e9].map((value) => fromHalf(toHalf(value)))).toEqual([
    65504,
    65504,
    Infinity,
    Infinity,
  ]);
  expect([2 ** -24, 2 ** -25, 2 ** -25 * 1.001].map((value) => fromHalf(toHalf(value)))).toEqual([
    2 ** -24,
    0,
    2 ** -24,
  ]);
  expect(Object.is(fromHalf(toHalf(-0)), -0)).toBe(true);
});
