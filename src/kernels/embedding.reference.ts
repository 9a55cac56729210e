/** out[n] = table[ids[n]]: ids [N], table [V, width], returns [N, width]. An id >= V gives a row of zeros. */
export function embeddingReference(
  ids: ArrayLike<number>,
  table: ArrayLike<number>,
  width: number,
): Float64Array {
  const vocabulary = table.length / width;
  const out = new Float64Array(ids.length * width); // [N, width]
  for (let row = 0; row < ids.length; row++) {
    if (ids[row] >= vocabulary) continue;
    for (let i = 0; i < width; i++) out[row * width + i] = table[ids[row] * width + i];
  }
  return out;
}

/** dTable[v] = sum of dOut[n] over the rows n with ids[n] = v: dOut [N, width], returns [V, width]. Ids >= V are skipped. */
export function embeddingBackwardReference(
  ids: ArrayLike<number>,
  dOut: ArrayLike<number>,
  vocabulary: number,
  width: number,
): Float64Array {
  const dTable = new Float64Array(vocabulary * width); // [V, width]
  for (let row = 0; row < ids.length; row++) {
    if (ids[row] >= vocabulary) continue;
    for (let i = 0; i < width; i++) dTable[ids[row] * width + i] += dOut[row * width + i];
  }
  return dTable;
}
