import { expect, test } from 'vitest';
import { Curve } from './curve.ts';

test('a curve longer than its limit keeps its range, its mean and its last validation', () => {
  const curve = new Curve(64);
  for (let round = 1; round <= 1000; round++) {
    curve.add({ round, train: round % 2, validation: round % 100 === 0 ? round : undefined });
  }
  const { points } = curve;
  expect(points.length).toBeLessThanOrEqual(65);
  expect(points.at(-1)?.round).toBe(1000);
  expect(points.reduce((sum, { train }) => sum + train, 0) / points.length).toBeCloseTo(0.5, 1);
  expect(points.filter(({ validation }) => validation !== undefined).at(-1)?.validation).toBe(1000);
});

test('a point that does not move forward is ignored', () => {
  const curve = new Curve();
  curve.add({ round: 2, train: 1, validation: undefined });
  curve.add({ round: 2, train: 9, validation: undefined });
  curve.add({ round: 1, train: 9, validation: undefined });
  expect(curve.points).toEqual([{ round: 2, train: 1, validation: undefined }]);
});

test('rounds that were taken back leave the curve, and others take their place', () => {
  const curve = new Curve();
  for (let round = 1; round <= 5; round++) curve.add({ round, train: 1, validation: undefined });
  curve.cutBack(3);
  curve.add({ round: 4, train: 7, validation: undefined });
  expect(curve.points.map(({ round, train }) => [round, train])).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 7],
  ]);
});
