// What every GPU must hold after each record of the fixture: plain loops in JS, no GPU.
import { DistroReference } from '../../src/strategies/distro-reference.ts';
import { replayFixture } from '../../src/strategies/replay-fixture.ts';

export function expectedReplay(seed: number) {
  const { specs, initial, hyper, records } = replayFixture(seed);
  const reference = new DistroReference(specs, initial, hyper);
  return records.map(({ round, contributions }) => {
    reference.apply(round, contributions);
    return { digest: reference.digest(), words: new Uint32Array(reference.values.slice().buffer) };
  });
}
