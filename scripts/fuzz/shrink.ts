import type { Bytes } from '../../src/base/bytes.ts';
import { concatBytes } from '../../src/base/bytes.ts';

/**
 * A shorter and plainer input for which `fails` still holds: pieces are cut out, halves first, then bytes set to 0. Asks at
 * most `budget` times.
 */
export async function shrink(
  bytes: Bytes,
  fails: (bytes: Bytes) => Promise<boolean>,
  budget: number,
): Promise<Bytes> {
  let best = bytes;
  let asked = 0;
  const adopt = async (candidate: Bytes): Promise<boolean> => {
    if (asked++ >= budget || !(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length && asked < budget;) {
      const without = concatBytes(best.subarray(0, at), best.subarray(at + size));
      if (!(await adopt(without))) at += size;
    }
  }
  for (let at = 0; at < best.length && asked < budget; at++) {
    if (best[at] !== 0) await adopt(best.with(at, 0));
  }
  return best;
}
