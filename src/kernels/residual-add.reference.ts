/** x + y, element by element, in float64. */
export function residualAddReference(x: ArrayLike<number>, y: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: x.length }, (_, i) => x[i] + y[i]);
}
