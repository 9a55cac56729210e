import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import type { PeerId, RunId } from '../base/ids.ts';
import { noContributions, totalsOf, withReceipts } from './contribution-history.ts';
import { ContributionKeeper } from './contribution-keeper.ts';
import { keptHistories, maxHistoryCharacters, readHistories, writeHistory } from './contribution-store.ts';
import type { Receipt, VolunteerStatus } from './status.ts';

const [key, otherKey] = ['ab12cd34'.repeat(4) as PeerId, '5e6f7a80'.repeat(4) as PeerId];
const runOf = (n: number): RunId => n.toString(16).padStart(64, '0') as RunId;
const receipt = (round: number, standing: Receipt['standing'] = 'provisional'): Receipt => ({
  ...{ round, standing, counted: standing !== 'lost', tokens: 100 },
  ...{ by: 0, of: 0, payloadBytes: 1, messageBytes: 1 },
});
const said = (receipts: readonly Receipt[], self = key): VolunteerStatus =>
  ({ self, receipts, round: receipts.at(-1)?.round ?? 0 }) as unknown as VolunteerStatus;
const storage = () => {
  const kept = new Map<string, string>();
  return {
    kept,
    recall: (name: string) => kept.get(name),
    keep: (name: string, text: string) => void kept.set(name, text),
  };
};

describe('kept histories', () => {
  const history = withReceipts(noContributions, [
    receipt(1, 'final'),
    receipt(2, 'lost'),
    receipt(3),
    receipt(4, 'final'),
  ]);

  test('are read as they were written', () => {
    const text = writeHistory(undefined, { run: runOf(1), key, history });
    expect(readHistories(text)).toEqual([{ run: runOf(1), key, history }]);
  });

  test('are one for each key and run, and those changed longest ago make room', () => {
    let text: string | undefined;
    for (let n = 0; n < 40; n++) text = writeHistory(text, { run: runOf(n), key, history });
    text = writeHistory(text, { run: runOf(39), key: otherKey, history });
    text = writeHistory(text, { run: runOf(39), key, history: noContributions });
    const all = readHistories(text);
    expect(all).toHaveLength(keptHistories);
    expect(all.at(-1)).toEqual({ run: runOf(39), key, history: noContributions });
    expect(all.filter(({ run }) => run === runOf(39))).toHaveLength(2);
  });

  test('never outgrow what is read', () => {
    const most = Number.MAX_SAFE_INTEGER;
    const recent = Array.from({ length: 64 }, (_, i) => ({
      ...{ round: 0x7fffff00 + i, tokens: most, counted: false, standing: 'provisional' as const },
    }));
    const sums = { trained: most, tokens: most, final: most, finalTokens: most, lost: most, unknown: most };
    const large = { ...noContributions, ...sums, longest: most, newest: 0x7fffffff, recent };
    let text: string | undefined;
    for (let n = 0; n < 30; n++) text = writeHistory(text, { run: runOf(n), key, history: large });
    expect(text?.length).toBeLessThan(maxHistoryCharacters);
    expect(readHistories(text)).toHaveLength(keptHistories);
  });

  test('that make no sense are left out, and the others stay', () => {
    const good = JSON.parse(writeHistory(undefined, { run: runOf(1), key, history })) as object[];
    const wrong = [
      { run: 'x' },
      { key: '__proto__' },
      { tokens: -1 },
      { tokens: 1.5 },
      { trained: '7' },
      { newest: 2 },
      { streakFrom: 9, streakTo: 4 },
      { streakFrom: -1, streakTo: 1 },
      { recent: [[3, 100, 1, 7]] },
      {
        recent: [
          [3, 100, 1, 0],
          [3, 100, 1, 0],
        ],
      },
      { recent: Array.from({ length: 65 }, (_, i) => [i, 1, 1, 0]) },
    ].map((change) => ({ ...good[0], ...change }));
    const text = JSON.stringify([...wrong, null, 7, [], ...good]);
    expect(readHistories(text)).toEqual([{ run: runOf(1), key, history }]);
  });

  test('whatever text there is, what is read of it can be gone on with', () => {
    const field = fc.oneof(fc.integer({ min: -2, max: 50 }), fc.anything());
    const names = ['newest', 'trained', 'tokens', 'final', 'finalTokens', 'lost', 'unknown'];
    const rest = ['streakFrom', 'streakTo', 'longest'];
    const entry = fc.record({
      run: fc.constant(runOf(1)),
      key: fc.constant(key),
      recent: fc.array(fc.tuple(fc.nat(50), fc.nat(), fc.nat(2), fc.nat(3)), { maxLength: 4 }),
      ...Object.fromEntries([...names, ...rest].map((name) => [name, field])),
    });
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(entry).map((list) => String(JSON.stringify(list))),
    );
    fc.assert(
      fc.property(text, (kept) => {
        for (const { history: read } of readHistories(kept)) {
          const totals = totalsOf(withReceipts(read, [receipt(60)]), 60);
          for (const value of Object.values(totals)) expect(value).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

describe('the keeper of contributions', () => {
  test('goes on at the next visit where it was', () => {
    const browser = storage();
    const clock = new ManualClock();
    const first = new ContributionKeeper(browser, clock);
    expect(first.totals).toBeUndefined();
    first.saw(said([receipt(1, 'final'), receipt(2, 'final')]), runOf(1));
    first.saw(said([receipt(1, 'final'), receipt(2, 'final'), receipt(3, 'final')]), runOf(1));
    first.keep();
    const second = new ContributionKeeper(browser, clock);
    second.saw(said([]), runOf(1));
    expect(second.totals).toMatchObject({ trained: 3, final: 3, streak: 0, longest: 3 });
    second.saw(said([receipt(40)]), runOf(1));
    expect(second.totals).toMatchObject({ trained: 4, counted: 4, streak: 1 });
  });

  test('keeps runs and keys apart, and tabs do not write over each other', () => {
    const browser = storage();
    const clock = new ManualClock();
    const [one, other] = [new ContributionKeeper(browser, clock), new ContributionKeeper(browser, clock)];
    one.saw(said([receipt(1, 'final')]), runOf(1));
    other.saw(said([receipt(1, 'final'), receipt(2, 'final')], otherKey), runOf(1));
    one.saw(said([receipt(7)]), runOf(2));
    one.keep();
    other.keep();
    const kept = readHistories([...browser.kept.values()][0]);
    expect(kept.map(({ history }) => history.trained)).toEqual([1, 2, 1]);
  });

  test('writes no more often than every five seconds, and what is left at the end', () => {
    const browser = storage();
    const clock = new ManualClock();
    let writes = 0;
    const keeper = new ContributionKeeper(
      { ...browser, keep: (name, text) => (writes++, browser.keep(name, text)) },
      clock,
    );
    const receipts: Receipt[] = [];
    for (let round = 1; round <= 100; round++) {
      receipts.push(receipt(round, 'final'));
      keeper.saw(said(receipts.slice(-50)), runOf(1));
      clock.advance(100);
    }
    expect(writes).toBeLessThanOrEqual(3);
    keeper.keep();
    keeper.keep();
    expect(readHistories([...browser.kept.values()][0])[0]?.history.trained).toBe(100);
  });
});
