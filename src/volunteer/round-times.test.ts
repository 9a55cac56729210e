import { describe, expect, test } from 'vitest';
import type { Digest, PeerId } from '../base/ids.ts';
import type { Seen } from '../swarm/sightings.ts';
import { SwarmWorld } from '../testing/swarm-world.ts';
import { peersTimed, roundsKept, RoundTimes } from './round-times.ts';

const id = (n: number): PeerId => n.toString(16).padStart(32, '0') as PeerId;
const [me, slow, quick] = [id(1), id(2), id(3)];
const record = 'd'.repeat(64) as Digest;

function watch(self = me) {
  let nowMs = 0;
  const times = new RoundTimes(self, () => nowMs);
  const saw = (atMs: number, seen: Seen): void => {
    nowMs = atMs;
    times.saw({ atMs, ...seen });
  };
  const agreed = (atMs: number, round: number, counted: PeerId[], members = [me, slow, quick]): void => {
    saw(atMs, { kind: 'agreed', round, record, leader: quick, recordAtMs: atMs - 1, counted, members });
  };
  return { times, saw, agreed, round: (n: number) => times.timeline.rounds.find(({ round }) => round === n) };
}

describe('the times of a round', () => {
  test('say when each contribution, have, record and confirm was first here', () => {
    const { saw, agreed, round, times } = watch();
    agreed(100, 0, []);
    saw(150, { kind: 'contribution', round: 1, peer: quick });
    saw(160, { kind: 'have', round: 1, peer: quick });
    saw(200, { kind: 'contribution', round: 1, peer: me });
    saw(210, { kind: 'contribution', round: 1, peer: quick }); // again
    expect(times.timeline).toMatchObject({ nowMs: 210, rounds: [{ round: 0 }, { round: 1, startMs: 100 }] });
    expect(round(1)?.peers.map(({ contributionMs, counted }) => [contributionMs, counted])).toEqual([
      [200, undefined],
      [undefined, undefined],
      [150, undefined],
    ]);
    agreed(400, 1, [me, quick]);
    saw(430, { kind: 'confirm', round: 1, peer: slow });
    saw(450, { kind: 'applied', round: 1 });
    expect(round(1)).toEqual({
      ...{ round: 1, startMs: 100, leader: quick, recordMs: 399, agreedMs: 400, appliedMs: 450 },
      peers: [
        { id: me, contributionMs: 200, haveMs: undefined, confirmMs: undefined, counted: true },
        { id: slow, contributionMs: undefined, haveMs: undefined, confirmMs: 430, counted: false },
        { id: quick, contributionMs: 150, haveMs: 160, confirmMs: undefined, counted: true },
      ],
    });
    saw(500, { kind: 'contribution', round: 1, peer: slow }); // too late, but it came
    expect(round(1)?.peers[1]?.contributionMs).toBe(500);
    expect(round(2)?.startMs).toBe(400);
  });

  test('are kept of the newest rounds, and of so many volunteers, whatever is seen', () => {
    const crowd = Array.from({ length: 200 }, (_, n) => id(1_000 - n));
    const { saw, agreed, times } = watch(id(1_000));
    for (let n = 0; n < 50; n++) agreed(n, n, crowd, crowd);
    for (let n = 0; n < 200; n++) saw(60, { kind: 'contribution', round: n, peer: id(5_000 + n) });
    for (let n = 0; n < 200; n++) saw(60, { kind: 'confirm', round: 50, peer: id(5_000 + n) });
    const { rounds } = times.timeline;
    expect(rounds.map(({ round }) => round)).toEqual([42, 43, 44, 45, 46, 47, 48, 49, 50]);
    expect(rounds.length).toBe(roundsKept + 1);
    for (const { peers } of rounds) {
      expect(peers.length).toBe(peersTimed);
      expect(peers.some((peer) => peer.id === id(1_000))).toBe(true);
    }
  });

  test('begin anew where the chain was cut back, and at a snapshot', () => {
    const { saw, agreed, round, times } = watch();
    for (let n = 0; n < 5; n++) agreed(100 * n, n, [me]);
    saw(450, { kind: 'taken-back', round: 2 });
    expect(times.timeline.rounds.map((one) => one.round)).toEqual([0, 1, 2, 3]);
    expect(round(3)).toMatchObject({ startMs: 450, agreedMs: undefined, peers: [] });
    agreed(470, 3, [slow]);
    expect(round(3)?.peers.map((peer) => peer.id)).toEqual([slow]);
    saw(900, { kind: 'entered', round: 40, members: [quick] });
    expect(times.timeline.rounds).toMatchObject([{ round: 41, startMs: 900, peers: [{ id: quick }] }]);
    saw(910, { kind: 'applied', round: 41 }); // not agreed on: says nothing of this round
    expect(round(41)?.appliedMs).toBeUndefined();
  });
});

test('of a real swarm, they rise from start to contribution to record, and name the slow one as the last', async () => {
  const world = new SwarmWorld({ seed: 5, minMembers: 3 });
  try {
    const first = world.join([100, 120]);
    const times = new RoundTimes(first.id, () => world.clock.now());
    first.swarm.onSighting((sighting) => {
      times.saw(sighting);
    });
    world.join([100, 120]);
    const last = world.join([900, 1_000]);
    await world.reaches(12);
    const decided = times.timeline.rounds.filter(({ agreedMs }) => agreedMs !== undefined).slice(-6);
    expect(decided.length).toBe(6);
    for (const { round, startMs = NaN, recordMs = NaN, agreedMs = NaN, peers, leader } of decided) {
      expect(peers.length, `round ${round}`).toBe(3);
      const came = peers.map(({ contributionMs = NaN }) => contributionMs);
      for (const atMs of came) {
        expect(atMs).toBeGreaterThanOrEqual(startMs);
        expect(atMs).toBeLessThanOrEqual(agreedMs);
      }
      const theLast = peers.find(({ contributionMs }) => contributionMs === Math.max(...came));
      expect(theLast?.id, `round ${round}`).toBe(last.id);
      expect(recordMs).toBeLessThanOrEqual(agreedMs);
      expect(peers.some(({ id: peer }) => peer === leader)).toBe(true);
      // Whoever leads is told who holds its own contribution.
      if (leader === first.id) expect(peers.some(({ haveMs }) => haveMs !== undefined)).toBe(true);
    }
    expect(decided.some(({ leader }) => leader === first.id)).toBe(true);
  } finally {
    world.close();
  }
});
