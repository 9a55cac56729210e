// Bundled by bit-exact.spec.ts and run in a page: the same replay that Node runs.
import { digestOf } from '../../src/base/digest.ts';
import { Gpu } from '../../src/gpu/gpu.ts';
import { replayRecords } from '../../src/strategies/replay.ts';
import { replayFixture } from '../../src/strategies/replay-fixture.ts';

/** The state digest and the SHA-256 of all words after each record, and every word at the end. */
export async function replayHere(seed: number) {
  const gpu = await Gpu.open((navigator as { gpu?: GPU }).gpu);
  const hashes: Promise<string>[] = [];
  const { digests, words } = await replayRecords(gpu, replayFixture(seed), (_round, now) => {
    hashes.push(digestOf(new Uint8Array(now.slice().buffer)));
  });
  gpu.close();
  return { digests, hashes: await Promise.all(hashes), words: [...words] };
}
