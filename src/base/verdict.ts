/** What became of something another peer, a file or the server sent. Never an exception: design section 3. */
export type Verdict = 'applied' | 'ignored' | { readonly rejected: string };

/** The outcome of decoding hostile bytes. `reason` is a short stable phrase: counters are kept by it. */
export type Decoded<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

export const accepted = <T>(value: T): Decoded<T> => ({ ok: true, value });
export const refused = (reason: string): Decoded<never> => ({ ok: false, reason });
