/** Where a column has its first and last value, and how far it goes; indices are -1, and values infinite, where it has none. */
export interface Extent {
  readonly first: number;
  readonly last: number;
  readonly low: number;
  readonly high: number;
}

export const nowhere: Extent = { first: -1, last: -1, low: Infinity, high: -Infinity };

/** `before`, with rows `from` to `to`. NaN is no value. */
export function extended(before: Extent, values: Float64Array, from: number, to: number): Extent {
  let { first, last, low, high } = before;
  for (let i = from; i < to; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) continue;
    if (first < 0) first = i;
    last = i;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { first, last, low, high };
}

/** The extent of a column that grows at its end. */
export class GrowingExtent {
  #rows = 0;
  #extent = nowhere;

  of(values: Float64Array): Extent {
    // An older, shorter table may be asked about once more.
    if (values.length < this.#rows) return extended(nowhere, values, 0, values.length);
    this.#extent = extended(this.#extent, values, this.#rows, values.length);
    this.#rows = values.length;
    return this.#extent;
  }
}
