// Bundled by bit-exact.spec.ts and run in a page: the same replay that Node runs.
import { Gpu } from '../../src/gpu/gpu.ts';
import { replayRecords } from '../../src/strategies/replay.ts';
import { replayFixture } from '../../src/strategies/replay-fixture.ts';

export async function replayHere(seed: number) {
  const gpu = await Gpu.open((navigator as { gpu?: GPU }).gpu);
  const wordsAfter: number[][] = [];
  const { digests } = await replayRecords(gpu, replayFixture(seed), (_round, words) =>
    wordsAfter.push([...words]),
  );
  const adapter = gpu.adapter.name;
  gpu.close();
  return { digests, wordsAfter, adapter };
}
