// What every GPU must hold after each record of the fixture: plain loops in JS, no GPU.
import { digestOf } from '../../src/base/digest.ts';
import { DistroReference } from '../../src/strategies/distro-reference.ts';
import { replayFixture } from '../../src/strategies/replay-fixture.ts';

export async function expectedReplay(seed: number) {
  const { specs, initial, hyper, records } = replayFixture(seed);
  const reference = new DistroReference(specs, initial, hyper);
  const digests: string[] = [];
  const hashes: string[] = [];
  for (const { round, contributions } of records) {
    reference.apply(round, contributions);
    digests.push(reference.digest());
    hashes.push(await digestOf(new Uint8Array(reference.values.slice().buffer)));
  }
  return { digests, hashes, words: new Uint32Array(reference.values.slice().buffer) };
}
