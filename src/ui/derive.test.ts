import { describe, expect, it } from 'vitest';
import { agreementOf } from './agreement.ts';
import {
  announcementOf,
  connectionSentence,
  curveOf,
  isInRun,
  peerRows,
  phaseShares,
  presentVolunteer,
  rejectionCount,
  roleOf,
  recordsOf,
  roundOf,
  sampleOf,
} from './derive.ts';
import {
  fakePeer,
  fakePresence,
  fakeRecord,
  fakeSnapshot,
  fakeVolunteer,
} from './fake-snapshot.test-data.ts';

const [a, b, c] = ['a'.repeat(32), 'b'.repeat(32), 'c'.repeat(32)];
const mine = '1'.repeat(32);
const other = '2'.repeat(32);

const together = (states: readonly (string | undefined)[], agree: boolean | undefined) =>
  fakeSnapshot({
    volunteer: fakeVolunteer({
      members: states.length,
      round: 41,
      stateDigest: mine,
      replicasAgree: agree,
      peers: states.map((state, i) => fakePeer([a, b, c][i] ?? a, { self: i === 0, state })),
    }),
  });

describe('what this tab is', () => {
  it('is a viewer where it cannot train, a guest before joining and after leaving, a volunteer in between', () => {
    expect(roleOf(fakeSnapshot({ canTrain: false }))).toBe('viewer');
    expect(roleOf(fakeSnapshot())).toBe('guest');
    expect(roleOf(fakeSnapshot({ volunteer: fakeVolunteer({ state: 'left' }) }))).toBe('guest');
    expect(roleOf(fakeSnapshot({ volunteer: fakeVolunteer({ state: 'failed' }) }))).toBe('volunteer');
  });
});

describe('a volunteer in its run', () => {
  const isIn = (with_: Parameters<typeof fakeVolunteer>[0]): boolean => isInRun(fakeVolunteer(with_));

  it('has come to it, and trains or could', () => {
    for (const state of ['training', 'paused', 'finished'] as const) expect(isIn({ state })).toBe(true);
    for (const state of ['starting', 'waiting', 'catching-up', 'left', 'failed'] as const)
      expect(isIn({ state })).toBe(false);
    const setUp = { step: 'compile', doing: 'compiling', done: 1, total: 2 } as const;
    expect(isIn({ state: 'paused', setUp })).toBe(false);
    expect(isInRun(undefined)).toBe(false);
  });
});

describe('a volunteer off the network', () => {
  const seen = fakePresence(b, { round: 44 });
  const snapshot = fakeSnapshot({
    volunteer: fakeVolunteer({
      ...{ state: 'paused', heldBy: 'data-cap', isAside: true, round: 41, replicasAgree: true },
      peers: [fakePeer(a, { self: true, state: mine }), fakePeer(b, { state: mine, leader: true })],
    }),
    presences: [seen],
    records: [fakeRecord(44, other)],
  });

  it('is still in the run, but what is shown of others is what the document says', () => {
    expect(roleOf(snapshot)).toBe('volunteer');
    expect(presentVolunteer(snapshot)).toBeUndefined();
    expect(roundOf(snapshot)).toBe(44);
    expect(peerRows(snapshot)).toMatchObject([{ id: b, leader: false, link: undefined, replica: 'unknown' }]);
    expect(agreementOf(snapshot).kind).not.toBe('agree');
  });
});

describe('agreement', () => {
  it('says how many confirmed the same state', () => {
    expect(agreementOf(together([mine, mine, undefined], true))).toMatchObject({
      kind: 'agree',
      title: 'All replicas agree',
      detail: '2 of 3 confirmed round 41, bit for bit the same.',
      digest: mine,
    });
  });

  it('names who differs', () => {
    const agreement = agreementOf(together([mine, mine, other], false));
    expect(agreement.kind).toBe('differ');
    expect(agreement.detail).toContain('held by cccccc');
  });

  it('tells this tab to take a fresh copy when it is the odd one out', () => {
    const agreement = agreementOf(together([mine, other, other], false));
    expect(agreement.kind).toBe('differ');
    expect(agreement.detail).toContain('leave and join again');
  });

  it('is green again after a repair, and says that there was one', () => {
    const { volunteer } = together([mine, mine, mine], true);
    const repaired = (repairs: number) =>
      agreementOf(fakeSnapshot({ volunteer: fakeVolunteer({ ...volunteer, repairs }) }));
    expect(repaired(0)).toMatchObject({ kind: 'agree', repaired: '' });
    expect(repaired(1)).toMatchObject({ kind: 'agree', title: 'All replicas agree' });
    expect(repaired(1).repaired).toMatch(/^Repaired 1 time:/);
    expect(repaired(2).repaired).toMatch(/^Repaired 2 times:/);
  });

  it('claims nothing for a lone replica, before a first confirm, or for a viewer', () => {
    expect(agreementOf(together([mine], true)).title).toBe('Yours is the only replica');
    expect(agreementOf(together([undefined, undefined], undefined)).kind).toBe('unknown');
    const viewer = agreementOf(fakeSnapshot({ canTrain: false, records: [fakeRecord(7, other)] }));
    expect(viewer).toMatchObject({ kind: 'unknown', digest: other });
    expect(viewer.detail).not.toContain('Join');
  });
});

describe('a paused volunteer', () => {
  it('compares its replica with the one member that trains on', () => {
    const snapshot = fakeSnapshot({
      volunteer: fakeVolunteer({
        state: 'paused',
        members: 1,
        round: 12,
        replicasAgree: true,
        peers: [fakePeer(a, { self: true, member: false, state: mine }), fakePeer(b, { state: mine })],
      }),
    });
    expect(agreementOf(snapshot)).toMatchObject({
      kind: 'agree',
      detail: '2 of 2 confirmed round 12, bit for bit the same.',
    });
  });
});

describe('after leaving or failing', () => {
  for (const state of ['left', 'failed'] as const) {
    it(`(${state}) the page shows the run as it goes on, not as it was`, () => {
      const snapshot = fakeSnapshot({
        volunteer: fakeVolunteer({
          state,
          round: 3,
          replicasAgree: true,
          peers: [fakePeer(a, { self: true, state: mine }), fakePeer(b, { state: mine })],
          records: [fakeRecord(3, mine)],
          curve: [{ round: 3, train: 5, validation: undefined }],
          sample: { round: 2, text: 'old' },
        }),
        records: [fakeRecord(9, other)],
        curve: [{ round: 9, train: 4, validation: undefined }],
        presences: [fakePresence(c)],
        sample: { round: 8, text: 'new' },
      });
      expect(roundOf(snapshot)).toBe(9);
      expect(recordsOf(snapshot).map(({ round }) => round)).toEqual([9]);
      expect(curveOf(snapshot).map(({ round }) => round)).toEqual([9]);
      expect(sampleOf(snapshot)?.text).toBe('new');
      expect(peerRows(snapshot).map(({ id }) => id)).toEqual([c]);
      expect(agreementOf(snapshot)).toMatchObject({ kind: 'unknown', digest: other });
    });
  }
});

describe('the sample', () => {
  it('is the newest one, whoever wrote it', () => {
    const own = (round: number) => fakeVolunteer({ round: 60, sample: { round, text: 'mine' } });
    const sample = { round: 40, text: 'theirs' };
    const records = [fakeRecord(40, mine)];
    expect(sampleOf(fakeSnapshot({ volunteer: own(20), sample }))?.text).toBe('theirs');
    expect(sampleOf(fakeSnapshot({ volunteer: own(60), sample }))?.text).toBe('mine');
    expect(sampleOf(fakeSnapshot({ volunteer: own(60) }))?.text).toBe('mine');
    expect(sampleOf(fakeSnapshot({ sample, records }))?.text).toBe('theirs');
  });
});

describe('the list of volunteers', () => {
  it('compares confirms with this replica’s own confirm, and not before there is one', () => {
    const replicas = (states: readonly (string | undefined)[]) =>
      peerRows(together(states, true)).map((row) => row.replica);
    expect(replicas([mine, mine, other])).toEqual(['same', 'same', 'differs']);
    expect(replicas([undefined, other, undefined])).toEqual(['unknown', 'unknown', 'unknown']);
  });

  it('takes adapter and speed from the presence, puts this tab first and adds those not yet met', () => {
    const snapshot = fakeSnapshot({
      volunteer: fakeVolunteer({
        members: 2,
        peers: [fakePeer(a), fakePeer(b, { self: true })],
      }),
      presences: [
        fakePresence(a, { adapter: 'llvmpipe', software: true, tokensPerSecond: 12 }),
        fakePresence(c, { member: false, state: 'paused' }),
      ],
    });
    const rows = peerRows(snapshot);
    expect(rows.map((row) => row.id)).toEqual([b, a, c]);
    expect(rows[1]).toMatchObject({ adapter: 'llvmpipe', software: true, tokensPerSecond: 12 });
    expect(rows[2]).toMatchObject({ member: false, doing: 'paused', connected: false });
  });

  it('shows a viewer everyone who announced a presence', () => {
    const rows = peerRows(fakeSnapshot({ presences: [fakePresence(b), fakePresence(a)] }));
    expect(rows.map((row) => row.id)).toEqual([a, b]);
  });
});

describe('the curve', () => {
  const curve = [
    { round: 1, train: 5.5, validation: 5.55 },
    { round: 2, train: 5.4, validation: undefined },
    { round: 3, train: 5.2, validation: 5.3 },
    { round: 4, train: 5.1, validation: undefined },
  ];

  it('is the announced one until this volunteer has its own', () => {
    expect(curveOf(fakeSnapshot({ curve, volunteer: fakeVolunteer({ curve: [] }) }))).toBe(curve);
    const own = curve.slice(0, 1);
    expect(curveOf(fakeSnapshot({ curve, volunteer: fakeVolunteer({ curve: own }) }))).toBe(own);
  });

  it('begins with the announced past for who came late', () => {
    const late = curve.slice(2);
    const snapshot = fakeSnapshot({
      curve: curve.slice(0, 3),
      volunteer: fakeVolunteer({ curve: late }),
    });
    expect(curveOf(snapshot).map(({ round }) => round)).toEqual([1, 2, 3, 4]);
  });

  it('comes with the round of the newest record for a viewer', () => {
    expect(roundOf(fakeSnapshot({ records: [fakeRecord(8, mine), fakeRecord(9, mine)] }))).toBe(9);
    expect(roundOf(fakeSnapshot())).toBeUndefined();
  });
});

describe('small sums', () => {
  it('gives phase shares that add up to one, and zeros before the first round', () => {
    const shares = phaseShares({ compute: 60, exchange: 10, agree: 20, apply: 5, other: 5 });
    expect(shares.map(({ share }) => share)).toEqual([0.6, 0.1, 0.2, 0.05, 0.05]);
    expect(
      phaseShares({ compute: 0, exchange: 0, agree: 0, apply: 0, other: 0 }).every(
        ({ share }) => share === 0,
      ),
    ).toBe(true);
  });

  it('counts refusals over all reasons', () => {
    expect(rejectionCount({ 'bad signature': 2, stale: 1 }, {}, { 'config too long': 4 })).toBe(7);
  });
});

describe('announcements to screen readers', () => {
  const training = (round: number, members: number, replicasAgree = true) =>
    announcementOf(
      fakeSnapshot({ volunteer: fakeVolunteer({ state: 'training', round, members, replicasAgree }) }),
    );

  it('do not change from round to round', () => {
    expect(training(1, 3)).toBe(training(2, 3));
    expect(training(1, 3)).toBe('Training. You train with 2 other volunteers.');
  });

  it('change when company changes or replicas differ', () => {
    expect(training(1, 1)).toBe('Training. You train alone.');
    expect(training(1, 2, false)).toContain('Replicas differ.');
  });
});

it('the header tells a missing server from missing company', () => {
  const sentence = (connected: boolean, signaling: boolean) => connectionSentence({ connected, signaling });
  expect(sentence(true, true)).toBe('Connected');
  expect(sentence(true, false)).toMatch(/server is away/);
  expect(sentence(false, true)).toMatch(/no other tab/i);
  expect(sentence(false, false)).toMatch(/reaching the server/i);
});
