import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StarlingError } from '../base/errors.ts';
import {
  createSigningLog,
  hasSigned,
  memorySigningLog,
  nothingSigned,
  readSignedRounds,
  type SignedKind,
  type SignedRounds,
} from './signing-log.ts';

const kinds: readonly SignedKind[] = ['contribution', 'confirm', 'record'];
const claims = fc.array(fc.tuple(fc.constantFrom(...kinds), fc.nat(30)), { maxLength: 60 });
const seed = 20261122;

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (thrown) {
    return thrown instanceof StarlingError ? thrown.code : String(thrown);
  }
  return 'done';
};

describe('the signing log', () => {
  test('has signed nothing at first, and can found a run', () => {
    const log = memorySigningLog();
    expect(kinds.map((kind) => log.highest(kind))).toEqual([-1, -1, -1]);
    expect(hasSigned(log)).toBe(false);
    expect(log.claim('record', 0)).toBeUndefined();
    expect(hasSigned(log)).toBe(true);
  });

  test('refuses a round signed before and every lower one, each kind by itself', () => {
    const log = memorySigningLog();
    expect(codeOf(() => log.claim('confirm', 7))).toBe('done');
    expect(codeOf(() => log.claim('confirm', 7))).toBe('already-signed');
    expect(codeOf(() => log.claim('confirm', 6))).toBe('already-signed');
    expect(codeOf(() => log.claim('record', 6))).toBe('done');
    expect(codeOf(() => log.claim('confirm', 8))).toBe('done');
    expect(kinds.map((kind) => log.highest(kind))).toEqual([-1, 8, 6]);
  });

  test(`signs no (kind, round) twice, whenever it is cut off and opened again from what was stored (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.array(claims, { maxLength: 5 }), (sessions) => {
        let stored: SignedRounds = nothingSigned;
        const signed = new Set<string>();
        for (const session of sessions) {
          const log = createSigningLog(stored, (rounds) => {
            stored = rounds;
            return Promise.resolve();
          });
          for (const [kind, round] of session) {
            const before = log.highest(kind);
            const outcome = codeOf(() => log.claim(kind, round));
            expect(outcome).toBe(round > before ? 'done' : 'already-signed');
            if (outcome !== 'done') continue;
            expect(signed.has(`${kind} ${round}`)).toBe(false);
            signed.add(`${kind} ${round}`);
            expect(stored[kind]).toBe(round);
          }
        }
      }),
      { seed, numRuns: 300 },
    );
  });

  test('takes a round at once: a second claim is refused while the first is still being stored', async () => {
    const waiting: (() => void)[] = [];
    const log = createSigningLog(nothingSigned, () => new Promise((resolve) => waiting.push(resolve)));
    const first = log.claim('contribution', 3);
    let durable = false;
    const then = first?.then(() => {
      durable = true;
    });
    expect(codeOf(() => log.claim('contribution', 3))).toBe('already-signed');
    await Promise.resolve();
    expect([durable, waiting.length]).toEqual([false, 1]);
    waiting[0]?.();
    await then;
    expect(durable).toBe(true);
  });

  test('a round whose storing failed stays taken', async () => {
    const log = createSigningLog(nothingSigned, () =>
      Promise.reject(new StarlingError('signing-log-failed', 'No room.', 'Make room.')),
    );
    await expect(log.claim('record', 5)).rejects.toThrow('No room.');
    expect(codeOf(() => log.claim('record', 5))).toBe('already-signed');
  });

  test('reads back what it stored, and refuses anything else', () => {
    const rounds = { contribution: 3, confirm: 2, record: -1, lock: 1 };
    expect(readSignedRounds({ ...rounds, opened: 4 })).toEqual({ ok: true, value: rounds });
    const others = [
      undefined,
      null,
      5,
      'x',
      [],
      {},
      { ...rounds, record: -2 },
      { ...rounds, confirm: 0.5 },
      { ...rounds, lock: -2 },
    ];
    for (const value of [...others, { ...rounds, confirm: '2' }, { ...rounds, record: NaN }])
      expect(readSignedRounds(value)).toEqual({ ok: false, reason: 'signing-log-wrong-shape' });
  });
});
