/** Writes rows `from` to `to` of a column. Called with ranges that follow each other, so it may remember where it was. */
export type Fill<Of> = (of: Of, out: Float64Array, from: number, to: number) => void;

/**
 * What was derived from a table that only grows at its end: of a longer one only the new rows are computed. `Of` is the table
 * as it is now; what it said of earlier rows must still hold.
 */
export class Growing<Of> {
  readonly #columns = new Map<string, { values: Float64Array; filled: number; readonly fill: Fill<Of> }>();
  readonly #kept = new Map<string, unknown>();

  /** The first `length` rows of the column of this name; `begin` makes what fills it. */
  column(of: Of, key: string, length: number, begin: () => Fill<Of>): Float64Array {
    let column = this.#columns.get(key);
    if (column === undefined)
      this.#columns.set(key, (column = { values: new Float64Array(length), filled: 0, fill: begin() }));
    if (column.filled < length) {
      if (column.values.length < length) {
        const larger = new Float64Array(Math.max(256, Math.ceil(1.25 * length)));
        larger.set(column.values.subarray(0, column.filled));
        column.values = larger;
      }
      column.fill(of, column.values, column.filled, length);
      column.filled = length;
    }
    return column.values.subarray(0, length);
  }

  /** Whatever else is kept under a name that is given to nothing else. */
  kept<T>(key: string, make: () => T): T {
    if (!this.#kept.has(key)) this.#kept.set(key, make());
    return this.#kept.get(key) as T;
  }
}
