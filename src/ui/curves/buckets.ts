import { addExtremes } from './decimate.ts';

/**
 * The points that a picture of a whole growing run needs, like `decimate`, but kept: rounds are put into buckets of a power of two
 * that are no wider than a pixel, so that a new round changes the last bucket only. Of each bucket there are the first
 * and last point and the extremes of every series. When a pixel has become twice as wide, all is done again.
 */
export class Buckets {
  #width = 0;
  #found = new Uint32Array(1_024);
  /** Of all buckets but the last. */
  #count = 0;
  /** The first row of the last bucket. */
  #open = 0;
  #rows = 0;

  /** Indices, ascending. `xs` ascends; both it and the series are those of before, with more rows. */
  indices(xs: Float64Array, series: readonly Float64Array[], pixels: number): Uint32Array {
    const span = (xs[xs.length - 1] ?? 0) - (xs[0] ?? 0);
    const width = 2 ** Math.floor(Math.log2(Math.max(1, span / pixels)));
    if (width !== this.#width || xs.length < this.#rows) {
      this.#width = width;
      this.#count = 0;
      this.#open = 0;
    }
    this.#rows = xs.length;
    const bucketOf = (row: number): number => Math.floor(xs[row] / width);
    for (let row = this.#open; row < xs.length; row++) {
      if (bucketOf(row) === bucketOf(this.#open)) continue;
      this.#count = this.#add(series, this.#open, row);
      this.#open = row;
    }
    return this.#found.slice(
      0,
      this.#open < xs.length ? this.#add(series, this.#open, xs.length) : this.#count,
    );
  }

  /** Puts what is to be seen of rows `from` to `to` behind the buckets before. Returns how many there are then. */
  #add(series: readonly Float64Array[], from: number, to: number): number {
    if (this.#found.length < this.#count + 2 + 2 * series.length) {
      const larger = new Uint32Array(2 * this.#found.length);
      larger.set(this.#found);
      this.#found = larger;
    }
    const found = this.#found;
    let count = this.#count;
    const put = (index: number): void => {
      let at = count;
      while (at > this.#count && found[at - 1] > index) at--;
      if (at > this.#count && found[at - 1] === index) return;
      found.copyWithin(at + 1, at, count);
      found[at] = index;
      count++;
    };
    put(from);
    for (const values of series) addExtremes(values, from, to, put);
    put(to - 1);
    return count;
  }
}
