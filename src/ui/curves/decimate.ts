/** The part of an axis that is shown; `log` spaces it by powers. */
export interface AxisRange {
  readonly min: number;
  readonly max: number;
  readonly log: boolean;
}

/** The first index whose value is at least `value`; `sorted` ascends. */
export function lowerBound(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? NaN) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where the pixels of an axis begin and end: `pixels` + 1 values of x, ascending. */
export function pixelEdges({ min, max, log }: AxisRange, pixels: number): Float64Array {
  const [from, to] = log ? [Math.log(min), Math.log(max)] : [min, max];
  return Float64Array.from({ length: pixels + 1 }, (_, pixel) => {
    const at = from + ((to - from) * pixel) / pixels;
    return log ? Math.exp(at) : at;
  });
}

/**
 * Indices, ascending, of the points that a picture `pixels` wide needs: of every column of pixels the first and last point and
 * the extremes of each series, so that what is drawn is what all points would draw. One point beyond either side comes
 * along, for the lines that leave the picture. `xs` ascends; NaN in a series is no point of it.
 */
export function decimate(
  xs: Float64Array,
  series: readonly Float64Array[],
  range: AxisRange,
  pixels: number,
): Uint32Array {
  const from = lowerBound(xs, range.min);
  let to = lowerBound(xs, range.max);
  while (to < xs.length && xs[to] === range.max) to++;
  const start = Math.max(0, from - 1);
  const end = Math.min(xs.length, to + 1);
  if (end - start <= 2 * pixels) return Uint32Array.from({ length: end - start }, (_, i) => start + i);

  const perPixel = 2 + 2 * series.length;
  const found = new Uint32Array(pixels * perPixel + 2);
  let count = 0;
  const add = (index: number): void => {
    // What a column adds is nearly sorted, and few.
    let at = count;
    while (at > 0 && found[at - 1] > index) at--;
    if (at > 0 && found[at - 1] === index) return;
    for (let i = count; i > at; i--) found[i] = found[i - 1];
    found[at] = index;
    count++;
  };
  if (start < from) add(start);
  const edges = pixelEdges(range, pixels);
  let next = from;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const first = next;
    const edge = pixel === pixels - 1 ? Infinity : (edges[pixel + 1] ?? Infinity);
    while (next < to && xs[next] < edge) next++;
    if (next === first) continue;
    add(first);
    for (const values of series) addExtremes(values, first, next, add);
    add(next - 1);
  }
  if (to < end) add(to);
  return found.slice(0, count);
}

/** Adds where `values` is lowest and highest from `first` to before `end`; nothing where nothing is measured. */
export function addExtremes(
  values: Float64Array,
  first: number,
  end: number,
  add: (index: number) => void,
): void {
  let [lowest, highest] = [-1, -1];
  let [low, high] = [Infinity, -Infinity];
  for (let i = first; i < end; i++) {
    const value = values[i];
    if (value < low) {
      low = value;
      lowest = i;
    }
    if (value > high) {
      high = value;
      highest = i;
    }
  }
  if (lowest >= 0) add(lowest);
  if (highest >= 0) add(highest);
}
