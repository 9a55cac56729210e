import type { PeerId } from '../base/ids.ts';
import type { RecordedRound, Recording } from './recording.ts';

/** Recordings for tests. */

export const [ada, ben, cleo] = ['ab12cd34'.repeat(4), '5e6f7a80'.repeat(4), 'c0ffee99'.repeat(4)] as [
  PeerId,
  PeerId,
  PeerId,
];

export const stateOf = (round: number): string => (round * 7919).toString(16).padStart(8, '0').repeat(4);

/** Four decimals: what a file keeps. */
const lossAt = (round: number): number => Number((2 + 140 / (40 + round)).toFixed(4));

export const fakeRound = (round: number, with_: Partial<RecordedRound> = {}): RecordedRound => ({
  ...{ atMs: 1_000 * (round - 1), round, leader: [ada, ben, cleo][round % 3] ?? ada, members: 3, counted: 3 },
  ...{
    tokens: 768,
    train: lossAt(round),
    validation: round % 10 === 0 ? lossAt(round) : undefined,
  },
  ...{ state: stateOf(round), roundMs: 1_000, bytesUp: 2_900, bytesDown: 3_100, messageBytes: 1_400 },
  ...{ payloadBytes: 1_200, ownTokensPerSecond: 320.5, gradientNorm: 1.25 },
  ...with_,
});

/** Rounds 1 to `rounds`, a second each; ada and ben from the start, cleo from the tenth second. */
export const fakeRecording = (rounds = 40, with_: Partial<Recording> = {}): Recording => ({
  ...{ recordedOn: '2026-11-23', seenBy: 'volunteer', room: 'whales', past: [] },
  run: { preset: 'nano', parameters: 164_160, seed: 1, startedBy: ada },
  peers: [ada, ben, cleo].map((id) => ({ id, adapter: 'a GPU', software: false })),
  rounds: Array.from({ length: rounds }, (_, i) => fakeRound(i + 1)),
  samples: [
    { atMs: 5_000, round: 5, text: 'thh e e ee' },
    { atMs: 20_000, round: 20, text: 'the sea and the whale' },
  ],
  company: [
    { atMs: 0, id: ada, doing: 'training', member: true, tokensPerSecond: 320.5 },
    { atMs: 0, id: ben, doing: 'training', member: true, tokensPerSecond: undefined },
    { atMs: 10_000, id: cleo, doing: 'training', member: true, tokensPerSecond: 400 },
    { atMs: 30_000, id: ben, doing: undefined, member: false, tokensPerSecond: undefined },
  ],
  ...with_,
});
