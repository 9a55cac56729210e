import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MetricsHistory, type MetricsView } from '../../volunteer/metrics.ts';
import { chartOf, hasAny, valuesOf } from './catalogue.ts';
import { csvOf } from './csv.ts';
import { drawingOf, fullSpan, linesOf, nearestIndex } from './drawing.ts';
import { readingsAt, readoutText, rowsOf } from './readout.ts';
import { chartSummary } from './summary.ts';
import { curveTable, tableMaker } from './table.ts';

const facts = { parameters: 1_000 };
const historyOf = (first: number, last: number): MetricsView => {
  const history = new MetricsHistory();
  for (let round = first; round <= last; round++) {
    history.add({
      round,
      train: 6 - round / 100,
      validation: round % 10 === 1 ? 5.9 - round / 100 : undefined,
      tokens: 512,
      roundMs: 250,
      payloadBytes: 40,
      bytesUp: 100 + (round % 3),
      gradientNorm: 1 / round,
    });
  }
  return history.view;
};
const point = (round: number, train: number, validation?: number) => ({ round, train, validation });

describe('the table of a run', () => {
  it('has own rounds, and announced points only where there is none of one’s own', () => {
    const table = curveTable([point(1, 7), point(5, 6.5), point(11, 1), point(40, 2, 3)], historyOf(10, 20));
    expect([...table.rounds]).toEqual([1, 5, ...Array.from({ length: 11 }, (_, i) => 10 + i), 40]);
    expect(table.column('train')[0]).toBe(7);
    expect(table.column('train')[3]).toBeCloseTo(5.89);
    expect(table.column('validation').at(-1)).toBe(3);
    expect(table.column('bytesUp')[0]).toBeNaN();
  });

  it('leaves out announced points that do not move forward', () => {
    expect([...curveTable([point(3, 1), point(2, 9), point(3, 9), point(4, 1)], undefined).rounds]).toEqual([
      3, 4,
    ]);
  });

  it('is the same object until something changes', () => {
    const make = tableMaker();
    const view = historyOf(1, 5);
    const table = make([point(1, 2)], view);
    expect(make([point(1, 2)], view)).toBe(table);
    expect(make([point(1, 3)], view)).not.toBe(table);
    expect(make([point(1, 3)], historyOf(1, 6))).not.toBe(table);
  });
});

describe('what is derived', () => {
  const table = curveTable([], historyOf(1, 120));

  it('is bits a byte, tokens a second and times smaller', () => {
    const first = (id: 'bits' | 'speed' | 'compression', series: number): number => {
      const found = chartOf(id).series[series];
      return found === undefined ? NaN : (valuesOf(found, table, facts)[0] ?? NaN);
    };
    expect(first('bits', 1)).toBeCloseTo(5.89 / Math.LN2);
    expect(first('speed', 0)).toBe(2_048);
    expect(first('compression', 0)).toBe(100);
    expect(hasAny(chartOf('compression'), table, { parameters: undefined })).toBe(false);
    expect(hasAny(chartOf('speed'), curveTable([point(1, 2), point(2, 1)], undefined), facts)).toBe(false);
  });

  it('is said in words', () => {
    expect(chartSummary(chartOf('loss'), table, facts, undefined)).toBe(
      'Training loss 5.990 to 4.800 over 120 rounds, falling. Validation loss 5.890 to 4.790 over 111 rounds, falling.',
    );
    expect(chartSummary(chartOf('loss'), table, facts, { min: 1, max: 4 })).toBe(
      'Training loss 5.990 to 5.960 over 4 rounds, falling. Validation loss 5.890 at round 1.',
    );
    expect(chartSummary(chartOf('traffic'), table, facts, undefined)).toBe(
      'Sent: typically 101 B, between 100 B and 102 B, over 120 rounds.',
    );
    expect(chartSummary(chartOf('loss'), curveTable([], undefined), facts, undefined)).toBe(
      'No round has been trained yet.',
    );
    const level = curveTable([point(1, 2), point(2, 2.001)], undefined);
    expect(chartSummary(chartOf('loss'), level, facts, undefined)).toContain('steady');
  });

  it('is read at any point, with the newest measurement of what is measured seldom', () => {
    const lines = linesOf(chartOf('loss'), table, facts, 10);
    const index = nearestIndex(table, 24.6);
    expect(table.rounds[index]).toBe(25);
    expect([nearestIndex(table, -5), nearestIndex(table, 1e9)]).toEqual([0, 119]);
    expect(readoutText(chartOf('loss'), 25, readingsAt(lines, table, index))).toMatch(
      /^Round 25; Training loss 5\.750, smoothed 5\.8\d\d; Validation loss 5\.690 in round 21$/,
    );
  });

  it('is a table of at most 20 rows that meets what is measured seldom', () => {
    const rows = rowsOf(chartOf('loss'), table, facts, { min: 1, max: 120 });
    expect(rows.length).toBeLessThanOrEqual(20);
    expect([rows[0]?.round, rows.at(-1)?.round]).toEqual([1, 120]);
    expect(rows.filter(({ values }) => values[1] !== undefined).length).toBeGreaterThan(8);
    expect(rows.map(({ round }) => round)).toEqual([...rows.map(({ round }) => round)].sort((a, b) => a - b));
    expect(rowsOf(chartOf('loss'), table, facts, { min: 7, max: 9 }).map(({ round }) => round)).toEqual([
      7, 8, 9,
    ]);
    expect(rowsOf(chartOf('loss'), curveTable([], undefined), facts, { min: 0, max: 9 })).toEqual([]);
  });

  it('is exported point by point', () => {
    const lines = [...csvOf(table, facts)].join('').split('\r\n');
    expect(lines).toHaveLength(122); // a header, and an empty end
    const header = lines[0]?.split(',') ?? [];
    const cell = (line: number, key: string): string | undefined =>
      lines[line]?.split(',')[header.indexOf(key)];
    expect(new Set(header).size).toBe(header.length);
    expect([cell(1, 'round'), cell(1, 'training_loss_nats'), cell(1, 'bytes_up')]).toEqual([
      '1',
      '5.99000000',
      '101',
    ]);
    expect([cell(2, 'validation_loss_nats'), cell(2, 'compression')]).toEqual(['', '100']);
  });
});

describe('a drawing', () => {
  const table = curveTable([], historyOf(1, 5_000));
  const look = { window: 30, logX: false, logY: false, span: undefined };

  it('has a ghost behind each smoothed line, and no more points than pixels ask for', () => {
    const drawing = drawingOf(linesOf(chartOf('loss'), table, facts, 30), table, look, 300);
    expect(drawing?.lines.map(({ series, ghost }) => [series.key, ghost])).toEqual([
      ['training_loss_nats', true],
      ['training_loss_nats', false],
      ['validation_loss_nats', false],
    ]);
    expect(drawing?.columns[0].length).toBeLessThanOrEqual(300 * 8 + 2);
    expect(drawing?.columns.every((column) => column.length === drawing.columns[0].length)).toBe(true);
    expect(drawing?.x).toEqual({ min: 1, max: 5_000, log: false });
  });

  it('holds everything it shows, on any axis and in any part', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.boolean(),
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        fc.constantFrom('loss', 'traffic', 'gradient'),
        (logX, logY, from, id) => {
          const span = { min: 1 + from * 4_000, max: 1_500 + from * 3_500 };
          const drawing = drawingOf(
            linesOf(chartOf(id), table, facts, 30),
            table,
            { ...look, logX, logY, span },
            200,
          );
          if (drawing === undefined) throw new Error('nothing drawn');
          const { x, y, columns } = drawing;
          const [rounds, ...lines] = columns;
          const outside = lines.flatMap((line) =>
            line.filter((value, at) => {
              const isShown = rounds[at] >= x.min && rounds[at] <= x.max;
              return value !== null && isShown && (value < y.min || value > y.max);
            }),
          );
          expect(outside).toEqual([]);
          if (logY) expect(y.min).toBeGreaterThan(0);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is none of less than two rounds', () => {
    expect(fullSpan(curveTable([], historyOf(3, 3)))).toBeUndefined();
    expect(drawingOf([], curveTable([], historyOf(3, 3)), look, 300)).toBeUndefined();
  });
});
