import { utf8 } from '../../src/base/bytes.ts';
import type { PeerId } from '../../src/base/ids.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import { readRecording, writeRecording } from '../../src/replay/recording-file.ts';
import type { Recording } from '../../src/replay/recording.ts';
import { draw, drawCount, drawHex, drawList, oneIn, pick } from './draw.ts';
import { jsonTarget, textOf } from './json-target.ts';
import type { FuzzTarget } from './target.ts';

const maybe = <T>(random: SeededRandom, value: T): T | undefined => (oneIn(random, 3) ? undefined : value);

function recording(random: SeededRandom): Recording {
  const peers = Array.from({ length: 1 + draw(random, 4) }, () => ({
    ...{ id: drawHex(random, 16) as PeerId, adapter: drawHex(random, 4), software: oneIn(random, 2) },
  }));
  const peer = (): PeerId => pick(random, peers).id;
  const number = (): number | undefined => maybe(random, draw(random, 1_000_000) / 100);
  const bytes = (): number | undefined => maybe(random, drawCount(random, 1e9));
  let [round, atMs] = [0, 0];
  const later = (): number => (atMs += draw(random, 5_000));
  const loss = (): number => draw(random, 1_000_000) / 100_000;
  const past = drawList(random, 4, () => ({
    ...{ round: (round += 1 + draw(random, 30)), train: loss() },
    validation: maybe(random, loss()),
  }));
  const rounds = Array.from({ length: 1 + draw(random, 6) }, () => ({
    ...{ atMs: later(), round: (round += 1 + draw(random, 3)), leader: peer(), counted: draw(random, 64) },
    ...{
      members: maybe(random, draw(random, 64)),
      tokens: drawCount(random, 1e9),
      train: maybe(random, loss()),
    },
    ...{ validation: maybe(random, loss()), state: drawHex(random, 16), roundMs: number(), bytesUp: bytes() },
    ...{ bytesDown: bytes(), messageBytes: bytes(), payloadBytes: bytes(), ownTokensPerSecond: number() },
    gradientNorm: number(),
  }));
  atMs = 0;
  const samples = drawList(random, 3, () => ({ atMs: later(), round: draw(random, 100), text: 'a\u00e9\n' }));
  atMs = 0;
  return {
    ...{ recordedOn: '2026-11-23', seenBy: pick(random, ['viewer', 'volunteer'] as const), room: 'main' },
    run: { preset: 'nano', parameters: draw(random, 1e9), seed: random.u32(), startedBy: peer() },
    past,
    peers,
    rounds,
    samples,
    company: drawList(random, 5, () => ({
      ...{ atMs: later(), id: peer(), doing: maybe(random, 'training'), member: oneIn(random, 2) },
      tokensPerSecond: number(),
    })),
  };
}

/** Files of recorded runs, which anyone may make and hand on. */
export const recordingTargets: readonly FuzzTarget[] = [
  jsonTarget<unknown, Recording>('recording', {
    generate: (random) => JSON.parse(writeRecording(recording(random))) as unknown,
    decode: (bytes) => readRecording(textOf(bytes)),
    encode: (value) => utf8(writeRecording(value)),
    rounds: true,
    problem: ({ rounds, peers }) => {
      if (!rounds.every(({ round }, i) => round > (rounds[i - 1]?.round ?? -1)))
        return 'rounds do not ascend';
      const known = new Set(peers.map(({ id }) => id));
      return rounds.every(({ leader }) => known.has(leader)) ? undefined : 'led by nobody';
    },
    notJson: ['recording too long', 'recording is not JSON'],
  }),
];
