/** votes i32 [length] with every entry (position, vote as i32 bits) of entries [n, 2] added; positions past the end ignored. */
export function signVotesReference(votes: Int32Array, entries: Uint32Array): Int32Array {
  const out = votes.slice();
  for (let n = 0; n < entries.length; n += 2) {
    if (entries[n] < out.length) out[entries[n]] += entries[n + 1] | 0;
  }
  return out;
}
