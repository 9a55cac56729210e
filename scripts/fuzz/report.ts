import { toHex } from '../../src/base/bytes.ts';
import type { Failure, Tally } from './campaign.ts';

const percent = (part: number, whole: number): string =>
  `${whole === 0 ? 0 : Math.round((100 * part) / whole)}%`;

export interface Totals {
  readonly tried: number;
  readonly past: number;
  readonly accepted: number;
}

export const totalsOf = (tallies: readonly Tally[]): Totals => ({
  tried: tallies.reduce((sum, { tried }) => sum + tried, 0),
  past: tallies.reduce((sum, { past }) => sum + past, 0),
  accepted: tallies.reduce((sum, { accepted }) => sum + accepted, 0),
});

const commonest = (reasons: ReadonlyMap<string, number>): string =>
  [...reasons]
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ');

/** A row for each target: how many mutants, how many got past the first guard, were accepted, and why others were not. */
export function table(tallies: readonly Tally[]): string {
  const rows = tallies.map(({ target, tried, past, accepted, ms, reasons }) => [
    target.name,
    String(tried),
    percent(past, tried),
    percent(accepted, tried),
    ms === 0 ? '' : ((1000 * ms) / tried).toFixed(1),
    commonest(reasons),
  ]);
  const { tried, past, accepted } = totalsOf(tallies);
  rows.push(['all', String(tried), percent(past, tried), percent(accepted, tried), '', '']);
  const heads = ['target', 'tried', 'past guard', 'accepted', 'us each', 'refused because'];
  const widths = heads.map((head, column) =>
    column === 5 ? 0 : Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [heads, ...rows].map(line).join('\n');
}

const hex = (bytes: Uint8Array): string =>
  bytes.length <= 2_000 ? toHex(bytes) : `${toHex(bytes.subarray(0, 2_000))}... (${bytes.length} bytes)`;

/** What went wrong, and how to see it again. */
export function failureText({ target, kind, detail, seed, index, bytes, shrunk }: Failure): string {
  const origin = index < 0 ? `valid input ${-1 - index}` : `mutant ${index}`;
  const again =
    index < 0 ? '' : `\n  again:  npm run fuzz -- --target ${target} --seed ${seed} --index ${index}`;
  return `${target}: ${kind} (${detail}), seed ${seed}, ${origin} of ${bytes.length} bytes${again}\n  shrunk: ${hex(shrunk)}`;
}

/** Targets of which too few mutants got past the first guard for fuzzing them to mean much. */
export const shallow = (tallies: readonly Tally[]): readonly string[] =>
  tallies
    .filter(({ target, tried, past }) => tried > 0 && past < target.leastPast * tried)
    .map(
      ({ target, tried, past }) => `${target.name}: only ${percent(past, tried)} got past the first guard`,
    );
