import { expect, test } from 'vitest';
import { moved, zoomed } from './zoom.ts';

const full = { min: 0, max: 400 };

test('rounds from 0 on can be zoomed and moved on an axis of logarithms', () => {
  const nearer = zoomed(undefined, full, { factor: 0.5, log: true });
  expect(nearer?.min).toBeGreaterThanOrEqual(0);
  expect(nearer?.max).toBeGreaterThan(nearer?.min ?? NaN);
  expect(nearer?.max).toBeLessThan(400);
  for (const share of [-5, -0.5, 0.5, 5]) {
    const there = moved(nearer, full, { share, log: true });
    expect(there?.min).toBeGreaterThanOrEqual(0);
    expect(there?.max).toBeLessThanOrEqual(400.000_001);
  }
  expect(zoomed({ min: 0, max: 20 }, full, { factor: 0.5, log: true, centre: 0 })?.max).toBeLessThan(20);
});
