import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MetricsHistory } from '../../volunteer/metrics.ts';
import { Buckets } from './buckets.ts';
import { charts, hasAny, valuesOf } from './catalogue.ts';
import { pixelEdges } from './decimate.ts';
import { drawingOf, linesOf } from './drawing.ts';
import { chartSummary } from './summary.ts';
import { curveTable, tableMaker } from './table.ts';

const facts = { parameters: 164_160 };

/** Rounds with gaps, values with holes. */
const curve = fc
  .array(
    fc.tuple(
      fc.integer({ min: 1, max: 4 }),
      fc.option(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { nil: NaN, freq: 5 }),
    ),
    { minLength: 2, maxLength: 600 },
  )
  .map((points) => {
    let round = 0;
    return {
      xs: Float64Array.from(points, ([step]) => (round += step)),
      ys: Float64Array.from(points, ([, y]) => y),
    };
  });

test('what is kept of a growing run has the ends and extremes of every column of pixels', () => {
  fc.assert(
    fc.property(curve, fc.integer({ min: 1, max: 60 }), ({ xs, ys }, pixels) => {
      const kept = new Buckets().indices(xs, [ys], pixels);
      expect([...kept]).toEqual([...new Set(kept)].sort((a, b) => a - b));
      const edges = pixelEdges({ min: xs[0], max: xs[xs.length - 1], log: false }, pixels);
      for (let pixel = 0; pixel < pixels; pixel++) {
        const isHere = (row: number): boolean =>
          xs[row] >= edges[pixel] && (pixel === pixels - 1 || xs[row] < edges[pixel + 1]);
        const values = (rows: readonly number[]): number[] =>
          rows
            .filter(isHere)
            .map((row) => ys[row])
            .filter((y) => !Number.isNaN(y));
        const [all, drawn] = [values([...xs.keys()]), values([...kept])];
        // A bucket may lie across an edge: then its extreme is drawn in the pixel beside it, at its own place.
        if (drawn.length === 0) continue;
        expect(Math.min(...drawn)).toBeGreaterThanOrEqual(Math.min(...all));
        expect(Math.max(...drawn)).toBeLessThanOrEqual(Math.max(...all));
      }
      const finite = [...ys].filter((y) => !Number.isNaN(y));
      const shown = [...kept].map((row) => ys[row]).filter((y) => !Number.isNaN(y));
      expect([Math.min(...shown), Math.max(...shown)]).toEqual([Math.min(...finite), Math.max(...finite)]);
    }),
  );
});

test('buckets that grew are those that were made at once', () => {
  fc.assert(
    fc.property(
      curve,
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 40 }),
      ({ xs, ys }, pixels, step) => {
        const grown = new Buckets();
        for (let rows = 1; rows <= xs.length; rows += step)
          expect([...grown.indices(xs.subarray(0, rows), [ys.subarray(0, rows)], pixels)]).toEqual([
            ...new Buckets().indices(xs.subarray(0, rows), [ys.subarray(0, rows)], pixels),
          ]);
      },
    ),
  );
});

test('a hundred thousand rounds leave few points, and not one peak is lost', () => {
  const xs = Float64Array.from({ length: 100_000 }, (_, i) => i + 1);
  const flat = new Float64Array(100_000).fill(3);
  for (const at of [0, 33_333, 99_999]) flat[at] = 50;
  const kept = new Buckets().indices(xs, [flat], 800);
  expect(kept.length).toBeLessThanOrEqual(2 * 800 * 4);
  expect([...kept].filter((index) => flat[index] === 50)).toEqual([0, 33_333, 99_999]);
});

test('a table that grew with its run says what one made at once says, also after rounds were taken back', () => {
  const history = new MetricsHistory(64);
  const make = tableMaker();
  const look = { window: 3, logX: false, logY: false, span: undefined };
  let round = 0;
  for (let step = 0; step < 200; step++) {
    round = step % 23 === 22 ? Math.max(1, round - 3) : round;
    if (step % 23 === 22) history.cutBack(round);
    history.add({
      ...{ round: ++round, train: 5 - Math.sin(step), tokens: 100 + step, roundMs: 10 + (step % 7) },
      ...(step % 5 === 0 ? { validation: 4 + Math.cos(step), payloadBytes: 1_000 + step } : {}),
    });
    const grown = make([], history.view);
    const fresh = curveTable([], history.view);
    for (const chart of charts) {
      for (const series of chart.series)
        expect([...valuesOf(series, grown, facts)]).toEqual([...valuesOf(series, fresh, facts)]);
      expect(hasAny(chart, grown, facts)).toBe(hasAny(chart, fresh, facts));
      expect(chartSummary(chart, grown, facts, undefined)).toBe(chartSummary(chart, fresh, facts, undefined));
      expect(drawingOf(linesOf(chart, grown, facts, 3), grown, look, 5)).toEqual(
        drawingOf(linesOf(chart, fresh, facts, 3), fresh, look, 5),
      );
    }
  }
});
