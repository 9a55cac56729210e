import { invariant } from '../base/invariant.ts';

/** What is kept of every round. NaN, or a missing field of a row, is what was not measured. */
export const metricNames = [
  'round',
  /** Rounds that the row stands for: 1, and more where an old part of a long run was thinned out. */
  'rounds',
  /** The agreed training loss, nats a token. */
  'train',
  'validation',
  /** Trained on by everyone together. */
  'tokens',
  'contributions',
  /** From the round before to this one; only where it was followed as it happened. */
  'roundMs',
  /** This volunteer's own, while computing. */
  'ownTokensPerSecond',
  /** Of this volunteer's own contribution, and of the signed message around it. */
  'payloadBytes',
  'messageBytes',
  /** All that this volunteer sent and received during the round. */
  'bytesUp',
  'bytesDown',
  /** L2 norm of this volunteer's mean gradient, before clipping. */
  'gradientNorm',
] as const;

export type MetricName = (typeof metricNames)[number];

export type MetricsRow = { readonly round: number } & {
  readonly [name in Exclude<MetricName, 'round' | 'rounds'>]?: number | undefined;
};

export const metricsWidth = metricNames.length;

/** Rows that a history keeps at most. */
export const keptRows = 100_000;

/** The row's numbers in the order of `metricNames`. */
export const numbersOf = (row: MetricsRow): number[] =>
  metricNames.map((name) => (name === 'rounds' ? 1 : (row[name] ?? NaN)));

/**
 * A history as it was after one change. Its columns are the history's own memory: read them before the next change, or copy.
 * Two views of the same version are the same object.
 */
export class MetricsView {
  readonly #columns: readonly Float64Array[];
  readonly #length: number;
  readonly #version: number;
  readonly #lineage: object;

  constructor(columns: readonly Float64Array[], length: number, version: number, lineage: object) {
    this.#columns = columns;
    this.#length = length;
    this.#version = version;
    this.#lineage = lineage;
  }

  get length(): number {
    return this.#length;
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  /** The same in two views where the longer one begins with all rows of the shorter. */
  get lineage(): object {
    return this.#lineage;
  }

  column(name: MetricName): Float64Array {
    return (this.#columns[metricNames.indexOf(name)] ?? new Float64Array()).subarray(0, this.#length);
  }
}

/**
 * What was measured in every round, in typed columns of bounded length. Rounds only grow. Once full, neighbouring rows merge
 * in pairs, and what comes after is again kept round by round: a merged row has its last round, the means of what was measured,
 * and the last validation.
 */
export class MetricsHistory {
  readonly #limit: number;
  #columns: Float64Array[];
  #length = 0;
  #version = 0;
  #lineage: object = {};
  #view: MetricsView | undefined;

  constructor(limit = keptRows) {
    invariant(limit >= 2, 'room for two rows');
    this.#limit = limit;
    this.#columns = metricNames.map(() => new Float64Array(Math.min(limit, 256)));
  }

  get view(): MetricsView {
    return (this.#view ??= new MetricsView(this.#columns, this.#length, this.#version, this.#lineage));
  }

  /** The newest round; -Infinity before the first. */
  get lastRound(): number {
    return this.#length === 0 ? -Infinity : (this.#columns[0]?.[this.#length - 1] ?? -Infinity);
  }

  add(row: MetricsRow): void {
    this.addNumbers(numbersOf(row));
  }

  /** A row in the order of `metricNames`; ignored where its round is no later than the newest. */
  addNumbers(row: ArrayLike<number>): void {
    invariant(row.length === metricsWidth, 'a number for every column');
    const round = row[0] ?? NaN;
    if (!(round > this.lastRound)) return;
    if (this.#length === this.#limit) this.#thinOut();
    const capacity = this.#columns[0]?.length ?? 0;
    if (this.#length === capacity) this.#grow(Math.min(this.#limit, 2 * capacity));
    this.#columns.forEach((column, index) => {
      column[this.#length] = row[index] ?? NaN;
    });
    this.#length++;
    this.#changed();
  }

  /** Rounds after `round` were taken back, and with them rows that stand for one of them. */
  cutBack(round: number): void {
    const before = this.#length;
    const rounds = this.#columns[0] ?? new Float64Array();
    while (this.#length > 0 && (rounds[this.#length - 1] ?? 0) > round) this.#length--;
    if (this.#length === before) return;
    this.#lineage = {};
    this.#changed();
  }

  #changed(): void {
    this.#version++;
    this.#view = undefined;
  }

  #grow(capacity: number): void {
    this.#columns = this.#columns.map((column) => {
      const larger = new Float64Array(capacity);
      larger.set(column);
      return larger;
    });
  }

  /** Into new memory: views of before stay as they were. */
  #thinOut(): void {
    const length = this.#length;
    const merged = length - (length % 2);
    const weights = this.#columns[metricNames.indexOf('rounds')] ?? new Float64Array();
    this.#columns = this.#columns.map((column, index) => {
      const name = metricNames[index] ?? 'round';
      const thinner = new Float64Array(column.length);
      for (let from = 0; from < merged; from += 2) {
        const [a, b] = [column[from] ?? NaN, column[from + 1] ?? NaN];
        thinner[from / 2] = mergeOf(name, [a, b], [weights[from] ?? 1, weights[from + 1] ?? 1]);
      }
      if (merged < length) thinner[merged / 2] = column[merged] ?? NaN;
      return thinner;
    });
    this.#length = Math.ceil(length / 2);
    this.#lineage = {};
  }
}

function mergeOf(name: MetricName, [a, b]: [number, number], [na, nb]: [number, number]): number {
  if (name === 'round') return b;
  if (name === 'rounds') return a + b;
  if (Number.isNaN(a)) return b;
  if (Number.isNaN(b)) return a;
  return name === 'validation' ? b : (a * na + b * nb) / (na + nb);
}
