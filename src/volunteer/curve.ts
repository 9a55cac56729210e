import type { CurvePoint } from './status.ts';

/**
 * A loss curve of bounded length: once full, neighbouring points merge in pairs (mean training loss; a validation
 * measurement is never dropped while its neighbour has none), so that a run of any length fits in memory and message.
 */
export class Curve {
  readonly #limit: number;
  #points: CurvePoint[] = [];
  /** Rounds that one stored point now stands for. */
  #stride = 1;
  #open: CurvePoint[] = [];

  constructor(limit = 2048) {
    this.#limit = limit;
  }

  get points(): readonly CurvePoint[] {
    return this.#open.length === 0 ? this.#points : [...this.#points, merge(this.#open)];
  }

  /** Points arrive in increasing round order; others are ignored. */
  add(point: CurvePoint): void {
    const last = this.#open.at(-1) ?? this.#points.at(-1);
    if (last !== undefined && point.round <= last.round) return;
    this.#open.push(point);
    if (this.#open.length < this.#stride) return;
    this.#points.push(merge(this.#open));
    this.#open = [];
    if (this.#points.length < this.#limit) return;
    const merged: CurvePoint[] = [];
    for (let i = 0; i < this.#points.length; i += 2) merged.push(merge(this.#points.slice(i, i + 2)));
    this.#points = merged;
    this.#stride *= 2;
  }

  /** Rounds after `round` were taken back: their points go, and with them those merged with earlier rounds. */
  cutBack(round: number): void {
    this.#points = this.#points.filter((point) => point.round <= round);
    this.#open = this.#open.filter((point) => point.round <= round);
  }
}

function merge(points: readonly CurvePoint[]): CurvePoint {
  const validations = points.flatMap(({ validation }) => (validation === undefined ? [] : [validation]));
  return {
    round: points.at(-1)?.round ?? 0,
    train: points.reduce((sum, { train }) => sum + train, 0) / points.length,
    validation: validations.at(-1),
  };
}
