import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimate, lowerBound, pixelEdges, type AxisRange } from './decimate.ts';
import { smooth } from './smooth.ts';
import { moved, within, zoomed } from './zoom.ts';

/** Rounds with gaps, series with holes. */
const curves = fc
  .array(
    fc.tuple(
      fc.integer({ min: 1, max: 4 }),
      fc.double({ min: -1e3, max: 1e3, noNaN: true }),
      fc.option(fc.double({ min: 0, max: 9, noNaN: true }), { nil: NaN, freq: 1 }),
    ),
    { minLength: 1, maxLength: 600 },
  )
  .map((points) => {
    let round = 0;
    return {
      xs: Float64Array.from(points, ([step]) => (round += step)),
      series: [Float64Array.from(points, ([, y]) => y), Float64Array.from(points, ([, , y]) => y)],
    };
  });

const extremes = (values: readonly number[]): [number, number] => {
  const finite = values.filter(Number.isFinite);
  return [Math.min(...finite), Math.max(...finite)];
};

describe('decimation', () => {
  it('keeps the ends and the extremes of every series in every column of pixels, as looking at all points would', () => {
    fc.assert(
      fc.property(
        curves,
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        ({ xs, series }, pixels, part, log) => {
          const last = xs[xs.length - 1] ?? 1;
          const range: AxisRange = { min: 1 + (part * last) / 2, max: last + 0.5, log };
          const kept = decimate(xs, series, range, pixels);
          expect([...kept]).toEqual([...new Set(kept)].sort((a, b) => a - b));
          const edges = pixelEdges(range, pixels);
          const inColumn = (pixel: number, index: number): boolean => {
            const x = xs[index] ?? NaN;
            const isLast = pixel === pixels - 1;
            return (
              x >= (pixel === 0 ? range.min : (edges[pixel] ?? NaN)) &&
              (isLast ? x <= range.max : x < (edges[pixel + 1] ?? NaN))
            );
          };
          for (let pixel = 0; pixel < pixels; pixel++) {
            const all = [...xs.keys()].filter((index) => inColumn(pixel, index));
            const drawn = [...kept].filter((index) => inColumn(pixel, index));
            expect([drawn[0], drawn.at(-1)]).toEqual([all[0], all.at(-1)]);
            for (const values of series)
              expect(extremes(drawn.map((index) => values[index] ?? NaN))).toEqual(
                extremes(all.map((index) => values[index] ?? NaN)),
              );
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('draws 100,000 points with a few a pixel, and not one peak is lost', () => {
    const xs = Float64Array.from({ length: 100_000 }, (_, i) => i + 1);
    const flat = new Float64Array(100_000).fill(3);
    for (const at of [0, 33_333, 99_999]) flat[at] = 50;
    const kept = decimate(xs, [flat], { min: 1, max: 100_000, log: false }, 800);
    expect(kept.length).toBeLessThanOrEqual(800 * 4 + 2);
    expect([...kept].filter((index) => flat[index] === 50)).toEqual([0, 33_333, 99_999]);
  });

  it('takes one point along beyond either side, and all points where they are few', () => {
    const xs = Float64Array.from({ length: 1_000 }, (_, i) => i);
    const kept = decimate(xs, [xs], { min: 300.5, max: 599.5, log: false }, 10);
    expect([kept[0], kept[kept.length - 1]]).toEqual([300, 600]);
    expect([...decimate(xs, [xs], { min: 3, max: 5, log: false }, 10)]).toEqual([2, 3, 4, 5, 6]);
    expect([lowerBound(xs, -1), lowerBound(xs, 2.5), lowerBound(xs, 1e9)]).toEqual([0, 3, 1_000]);
  });
});

describe('smoothing', () => {
  const rounds = Float64Array.from({ length: 400 }, (_, i) => i + 1);

  it('begins at the first value and is a weighted mean of what was: a constant stays', () => {
    const steady = smooth(rounds, new Float64Array(400).fill(4.5), 50);
    expect(Math.max(...steady.map((value) => Math.abs(value - 4.5)))).toBeLessThan(1e-12);
    const stepped = smooth(
      rounds,
      Float64Array.from(rounds, (round) => (round <= 200 ? 1 : 0)),
      50,
    );
    expect(stepped[0]).toBe(1);
    // (1 - 1/50)^200 of what was stays, over all weights.
    expect(stepped[399]).toBeCloseTo((0.98 ** 200 * (1 - 0.98 ** 200)) / (1 - 0.98 ** 400), 10);
  });

  it('is what the plain sum of weights gives, also with holes and missing rounds', () => {
    fc.assert(
      fc.property(curves, fc.constantFrom(1, 3, 30), ({ xs, series: [, values = xs] }, window) => {
        const smoothed = smooth(xs, values, window);
        const keep = 1 - 1 / window;
        const at = values.length - 1;
        if (Number.isNaN(values[at])) {
          expect(smoothed[at]).toBeNaN();
          return;
        }
        let [sum, weights] = [0, 0];
        values.forEach((value, i) => {
          if (Number.isNaN(value)) return;
          const weight = keep ** ((xs[at] ?? 0) - (xs[i] ?? 0));
          sum += weight * value;
          weights += weight;
        });
        expect(smoothed[at]).toBeCloseTo(sum / weights, 8);
      }),
    );
  });
});

describe('zooming', () => {
  const full = { min: 1, max: 1_000 };

  it('goes in about a round, out again to all of it, and never beyond', () => {
    const near = zoomed(undefined, full, { factor: 0.5, log: false, centre: 101 });
    expect(near).toEqual({ min: 51, max: 550.5 });
    expect(zoomed(near, full, { factor: 4, log: false })).toBeUndefined();
    let span = near;
    for (let i = 0; i < 60; i++) span = zoomed(span, full, { factor: 0.5, log: i % 2 === 0 });
    expect((span?.max ?? 0) - (span?.min ?? 0)).toBeGreaterThanOrEqual(4);
    expect(within({ min: -50, max: 20 }, full)).toEqual({ min: 1, max: 71 });
  });

  it('moves and stops at the ends, by the same share of the picture on a log axis', () => {
    expect(moved({ min: 100, max: 200 }, full, { share: 0.5, log: false })).toEqual({ min: 150, max: 250 });
    expect(moved({ min: 900, max: 990 }, full, { share: 1, log: false })).toEqual({ min: 910, max: 1_000 });
    const later = moved({ min: 10, max: 40 }, full, { share: 0.5, log: true });
    expect(later?.min).toBeCloseTo(20);
    expect(later?.max).toBeCloseTo(80);
    expect(moved(undefined, full, { share: 1, log: false })).toBeUndefined();
  });
});
