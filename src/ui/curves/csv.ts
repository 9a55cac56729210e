import { charts, valuesOf, type RunFacts } from './catalogue.ts';
import type { CurveTable } from './table.ts';

/** Columns beside those of the charts. */
const more = [
  ['rounds_merged', 'rounds'],
  ['tokens_all', 'tokens'],
  ['contributions', 'contributions'],
  ['round_ms', 'roundMs'],
  ['payload_bytes_own', 'payloadBytes'],
] as const;

/** A piece takes a few milliseconds. */
const rowsAPiece = 256;

/**
 * Every point of every curve as a table (RFC 4180), in pieces. Empty is what was not measured; a row of
 * an old part of a long run stands for `rounds_merged` rounds.
 */
export function* csvOf(table: CurveTable, facts: RunFacts): Generator<string> {
  const columns: readonly (readonly [string, Float64Array])[] = [
    ['round', table.rounds],
    ...charts.flatMap(({ series }) => series.map((one) => [one.key, valuesOf(one, table, facts)] as const)),
    ...more.map(([key, name]) => [key, table.column(name)] as const),
  ];
  yield `${columns.map(([key]) => key).join(',')}\r\n`;
  for (let start = 0; start < table.length; start += rowsAPiece) {
    let piece = '';
    for (let row = start; row < Math.min(table.length, start + rowsAPiece); row++)
      piece += `${columns.map(([, values]) => cell(values[row])).join(',')}\r\n`;
    yield piece;
  }
}

/** Enough digits for what a 32-bit float can say. */
const cell = (value: number): string =>
  Number.isInteger(value) ? String(value) : Number.isFinite(value) ? value.toPrecision(9) : '';
