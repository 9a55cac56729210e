/**
 * Votes of each block in the packing of sign-votes.ts: starts [blocks + 1]; entries [capacity] of index << 16 | 16-bit vote.
 * The first entry of an index holds the sum of its entries, the others 0.
 */
export function signVotesReference(starts: Uint32Array, entries: Uint32Array): Uint32Array {
  const votes = new Uint32Array(entries.length);
  for (let block = 0; block + 1 < starts.length; block++) {
    const sums = new Map<number, number>();
    for (let n = starts[block]; n < starts[block + 1]; n++) {
      const index = entries[n] >>> 16;
      sums.set(index, (sums.get(index) ?? 0) + ((entries[n] << 16) >> 16));
    }
    for (let n = starts[block]; n < starts[block + 1]; n++) {
      const index = entries[n] >>> 16;
      votes[n] = (index << 16) | ((sums.get(index) ?? 0) & 0xffff);
      sums.set(index, 0);
    }
  }
  return votes;
}
