import type { MetricName, MetricsView } from '../../volunteer/metrics.ts';
import type { CurvePoint } from '../../volunteer/status.ts';
import { Growing, type Fill } from './growing.ts';

type TableFill = Fill<CurveTable>;

/** Columns over rounds, ascending: what this tab measured, with announced points where it measured nothing. NaN is unknown. */
export class CurveTable {
  readonly length: number;
  readonly rounds: Float64Array;
  readonly before: readonly CurvePoint[];
  readonly after: readonly CurvePoint[];
  readonly #own: MetricsView | undefined;
  readonly #growing: Growing<CurveTable>;

  /** `shorter`: a table of which this one is a continuation. */
  constructor(
    before: readonly CurvePoint[],
    own: MetricsView | undefined,
    after: readonly CurvePoint[],
    shorter?: CurveTable,
  ) {
    this.before = before;
    this.#own = own;
    this.after = after;
    this.#growing = shorter === undefined ? new Growing() : shorter.#growing;
    this.length = before.length + (own?.length ?? 0) + after.length;
    this.rounds = this.column('round');
  }

  column(name: MetricName): Float64Array {
    // A copy, because the history goes on writing into its own memory.
    return this.derived(name, () => (table, out, from, to) => {
      table.#join(name, out, from, to);
    });
  }

  /** A column that is computed from others, of new rows only; `begin` makes what fills it. `key`: of this column alone. */
  derived(key: string, begin: () => TableFill): Float64Array {
    return this.#growing.column(this, key, this.length, begin);
  }

  /** Anything else that is kept while the table grows. `key`: of this alone. */
  kept<T>(key: string, make: () => T): T {
    return this.#growing.kept(key, make);
  }

  #join(name: MetricName, out: Float64Array, from: number, to: number): void {
    const own = this.#own?.column(name) ?? new Float64Array();
    const [begin, end] = [this.before.length, this.before.length + own.length];
    for (let i = from; i < Math.min(to, begin); i++) out[i] = announced(this.before[i], name);
    if (to > begin && from < end)
      out.set(own.subarray(Math.max(0, from - begin), Math.min(to, end) - begin), Math.max(from, begin));
    for (let i = Math.max(from, end); i < to; i++) out[i] = announced(this.after[i - end], name);
  }
}

function announced(point: CurvePoint, name: MetricName): number {
  return name === 'round' || name === 'train' || name === 'validation' ? (point[name] ?? NaN) : NaN;
}

/**
 * Own rounds, with what is announced of earlier and later ones: who came late or left sees those too. `made`: a table of before, and
 * of which own rounds: where it was continued, what was computed of it stays.
 */
export function curveTable(
  points: readonly CurvePoint[],
  own: MetricsView | undefined,
  made?: { readonly own: MetricsView | undefined; readonly table: CurveTable },
): CurveTable {
  const rounds = own?.column('round') ?? new Float64Array();
  const [first, last] = [rounds[0], rounds[rounds.length - 1]];
  if (own === undefined || first === undefined || last === undefined)
    return new CurveTable(ascending(points), undefined, []);
  const before = ascending(points.filter(({ round }) => round < first));
  const after = ascending(points.filter(({ round }) => round > last));
  const isContinued =
    made?.own?.lineage === own.lineage &&
    made.own.length <= own.length &&
    made.table.after.length === 0 &&
    samePoints(made.table.before, before);
  return new CurveTable(before, own, after, isContinued ? made.table : undefined);
}

/** Announced points are anyone's: what does not move forward is left out. */
function ascending(points: readonly CurvePoint[]): readonly CurvePoint[] {
  let last = -Infinity;
  return points.filter(({ round }) => {
    const moves = round > last;
    if (moves) last = round;
    return moves;
  });
}

/** `curveTable` that gives the table of before while nothing has changed: what is derived from it need not be done again. */
export function tableMaker(): typeof curveTable {
  let made:
    { readonly points: readonly CurvePoint[]; own: MetricsView | undefined; table: CurveTable } | undefined;
  return (points: readonly CurvePoint[], own: MetricsView | undefined) => {
    if (made !== undefined && made.own === own && samePoints(made.points, points)) return made.table;
    const table = curveTable(points, own, made);
    made = { points, own, table };
    return table;
  };
}

const samePoints = (a: readonly CurvePoint[], b: readonly CurvePoint[]): boolean =>
  a === b ||
  (a.length === b.length &&
    a.every((point, index) => {
      const other = b[index];
      return (
        point === other ||
        (point.round === other?.round && point.train === other.train && point.validation === other.validation)
      );
    }));
