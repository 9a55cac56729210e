import { describe, expect, test } from 'vitest';
import type { PeerId } from '../../base/ids.ts';
import type { PeerTiming, RoundTiming } from '../../volunteer/status.ts';
import { phaseLengths, roundSpans, rowIds, rowsWithRoom } from './round-phases.ts';
import { newestWait, waitSentence } from './waiting-text.ts';

const [me, slow, quick] = ['a'.repeat(32), 'b'.repeat(32), 'c'.repeat(32)] as PeerId[] as [
  PeerId,
  PeerId,
  PeerId,
];

const peer = (id: PeerId, contributionMs?: number, more: Partial<PeerTiming> = {}): PeerTiming => ({
  id,
  contributionMs,
  haveMs: undefined,
  confirmMs: undefined,
  counted: undefined,
  ...more,
});
const timing = (round: number, with_: Partial<RoundTiming>): RoundTiming => ({
  round,
  startMs: 0,
  leader: quick,
  recordMs: undefined,
  agreedMs: undefined,
  appliedMs: undefined,
  peers: [],
  ...with_,
});
const counted = { counted: true };

const decided = timing(1, {
  startMs: 100,
  recordMs: 990,
  agreedMs: 1_000,
  appliedMs: 1_050,
  peers: [
    peer(me, 400, counted),
    peer(slow, 900, counted),
    peer(quick, 300, { ...counted, confirmMs: 1_080 }),
  ],
});
const running = timing(2, {
  startMs: 1_000,
  peers: [peer(me, 1_300), peer(slow), peer(quick, 1_200)],
});

const brief = (of: ReturnType<typeof roundSpans>, round: number, id: PeerId) =>
  of
    .find((span) => span.round === round)
    ?.rows.find((row) => row.id === id)
    ?.segments.map(({ phase, fromMs, toMs }) => `${phase} ${fromMs}-${toMs}`);

describe('phases of a volunteer in a round', () => {
  const spans = roundSpans({ nowMs: 1_500, rounds: [decided, running] }, me, 8);

  test('go from its start over its contribution and the last one to the record and the applying', () => {
    expect(brief(spans, 1, me)).toEqual([
      'compute 100-400',
      'share 400-900',
      'agree 900-1000',
      'apply 1000-1050',
    ]);
    expect(brief(spans, 1, slow)).toEqual(['compute 100-900', 'agree 900-1000']); // never said that it applied
    expect(brief(spans, 1, quick)?.at(-1)).toBe('apply 1000-1080');
  });

  test('of the round in progress end now, and begin where the round before ended for it', () => {
    expect(brief(spans, 2, me)).toEqual(['compute 1050-1300', 'share 1300-1500']);
    expect(brief(spans, 2, slow)).toEqual(['compute 1000-1500']);
    expect(brief(spans, 2, quick)).toEqual(['compute 1080-1200', 'share 1200-1500']);
    expect(spans[1]).toMatchObject({ open: true, fromMs: 1_000, toMs: 1_500, wait: undefined });
  });

  test('once all contributions are here, everyone waits for the record', () => {
    const all = timing(2, { startMs: 1_000, peers: [peer(me, 1_300), peer(slow, 1_400)] });
    const [only] = [roundSpans({ nowMs: 1_500, rounds: [all] }, me, 8)];
    expect(brief(only, 2, me)).toEqual(['compute 1000-1300', 'share 1300-1400', 'agree 1400-1500']);
  });

  test('are those seen: a late one computes past the record, a missing one shows nothing', () => {
    const ragged = timing(1, {
      startMs: 0,
      agreedMs: 500,
      appliedMs: 520,
      peers: [
        peer(me, 200, counted),
        peer(slow, 700, { counted: false }),
        peer(quick, undefined, { counted: false }),
      ],
    });
    const after = timing(2, { startMs: 500, peers: [peer(me), peer(slow), peer(quick)] });
    const [first, second] = roundSpans({ nowMs: 900, rounds: [ragged, after] }, me, 8);
    expect(first?.rows.map(({ fate }) => fate)).toEqual(['counted', 'late', 'missing']);
    expect(first?.rows.map(({ segments }) => segments.map(({ toMs }) => toMs))).toEqual([
      [200, 500, 520],
      [700],
      [],
    ]);
    expect(second?.rows[1]?.segments).toEqual([{ phase: 'compute', fromMs: 700, toMs: 900 }]);
    const missing = first?.rows[2];
    expect(missing && Object.values(phaseLengths(missing))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('are of as many rounds as asked for, and of none that this tab did not see begin', () => {
    const unseen = timing(1, { startMs: undefined, agreedMs: 50, peers: [peer(me, undefined, counted)] });
    const rounds = [unseen, { ...decided, round: 2 }, { ...running, round: 3 }];
    expect(roundSpans({ nowMs: 1_500, rounds }, me, 8).map(({ round }) => round)).toEqual([2, 3]);
    expect(roundSpans({ nowMs: 1_500, rounds }, me, 1).map(({ round }) => round)).toEqual([3]);
    expect(rowIds(roundSpans({ nowMs: 1_500, rounds }, quick, 8))).toEqual([quick, me, slow]);
  });
});

test('where there is no room for everyone, those who were waited for are among those shown', () => {
  const ids = Array.from({ length: 40 }, (_, n) => n.toString(16).padStart(32, '0') as PeerId);
  const peers = ids.map((id, n) => peer(id, n === 30 ? 900 : 300 + n, counted));
  const spans = roundSpans({ nowMs: 2_000, rounds: [{ ...decided, peers }] }, ids[35] ?? me, 8);
  expect(rowsWithRoom(spans, 5)).toEqual([35, 0, 1, 2, 30].map((n) => ids[n]));
  expect(rowsWithRoom(spans, 40).length).toBe(40);
});

describe('who waits for whom', () => {
  const nameOf = () => 'Ada';
  const sentence = (self: PeerId, peers: PeerTiming[]) => {
    const [span] = roundSpans({ nowMs: 2_000, rounds: [{ ...decided, peers }] }, self, 8);
    return span && waitSentence(span, nameOf);
  };

  test('is told from where this tab stands', () => {
    const { peers } = decided;
    expect(sentence(me, [...peers])).toBe('Round 1: you waited 500 ms for Ada (bbbbbb).');
    expect(sentence(slow, [...peers])).toBe('Round 1: the others waited up to 600 ms for you.');
    expect(sentence('d'.repeat(32) as PeerId, [...peers])).toBe(
      'Round 1: Ada (cccccc) waited 600 ms for Ada (bbbbbb).',
    );
    expect(sentence(me, [peer(me, 400, counted), peer(slow, 420, counted)])).toBe(
      'Round 1: nobody had to wait.',
    );
    expect(sentence(me, [peer(me, 400, counted)])).toBeUndefined();
  });

  test('stays told while the next round is in progress', () => {
    const spans = roundSpans({ nowMs: 1_500, rounds: [decided, running] }, me, 8);
    expect(newestWait(spans, nameOf)).toBe('Round 1: you waited 500 ms for Ada (bbbbbb).');
  });
});
