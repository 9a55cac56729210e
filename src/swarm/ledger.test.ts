import { expect, test } from 'vitest';
import type { Digest, PeerId } from '../base/ids.ts';
import { fakeSigner } from '../testing/fake-crypto.ts';
import { Ledger, roundsKept, roundsKeptAtMost } from './ledger.ts';
import { membersAfter, rankMembers, type ChainRecord, type Member } from './membership.ts';

const digest = (n: number): Digest => n.toString(16).padStart(64, '0') as Digest;
const member = (n: number, joinedRound = 0): Member => ({
  id: fakeSigner(n).id,
  publicKey: fakeSigner(n).publicKey,
  joinedRound,
  missed: 0,
});
const record = (round: number, change: Partial<ChainRecord> = {}): ChainRecord => ({
  ...{ round, parent: digest(round), digest: digest(round + 1), leader: fakeSigner(0).id, parentState: '' },
  ...{ contributions: [], joins: [], joinKeys: [], leaves: [], ...change },
});
const raw = new Uint8Array(1);

test('members of a round are those after the record before it, also where records are forgotten', () => {
  const ledger = new Ledger();
  const [a, b] = [member(0), member(1, 30)];
  for (let round = 0; round <= 40; round++) {
    const members = round < 30 ? [a] : [a, b];
    ledger.append({ record: record(round), raw, members });
  }
  ledger.prune(Infinity);
  expect(ledger.oldest).toBe(41 - roundsKept);
  expect(ledger.membersOf(41)).toEqual([a.id, b.id]);
  expect(ledger.membersOf(ledger.oldest)).toEqual([a.id, b.id]);
  expect(ledger.membersOf(ledger.oldest - 1)).toEqual([]);
  expect(ledger.membersAfter(ledger.oldest - 1)).toEqual([a, b]);
});

test('rounds that are still needed stay, up to a bound', () => {
  const ledger = new Ledger();
  for (let round = 0; round < 200; round++) {
    ledger.append({ record: record(round), raw, members: [member(0)] });
    ledger.prune(20);
  }
  expect(ledger.oldest).toBe(200 - roundsKeptAtMost);
  expect(ledger.get(ledger.oldest)).toBeDefined();
  expect(ledger.get(ledger.oldest - 1)).toBeUndefined();
});

test('a chain that starts at a snapshot has its members and grows from there', () => {
  const ledger = new Ledger();
  ledger.reset(17, [member(3)]);
  expect([ledger.head, ledger.oldest]).toEqual([17, 18]);
  expect(ledger.membersOf(18)).toEqual([member(3).id]);
  ledger.append({ record: record(18), raw, members: [member(3), member(4, 18)] });
  expect(ledger.membersOf(19).length).toBe(2);
});

test('members after a record: leaves go, joins come, absences count, sorted by id', () => {
  const before = [member(0), member(1), member(2)].sort((a, b) => (a.id < b.id ? -1 : 1));
  const joiner = fakeSigner(5);
  const contribution = {
    ...{ author: fakeSigner(0).id, digest: digest(1), weight: 1 as const },
    ...{ tokens: 1, loss: 1, validationLoss: undefined },
  };
  const after = membersAfter(
    before,
    record(7, {
      contributions: [contribution],
      joins: [joiner.id],
      joinKeys: [joiner.publicKey],
      leaves: [fakeSigner(1).id],
    }),
  );
  const ids = after.map(({ id }) => id);
  expect(ids).toEqual([fakeSigner(0).id, fakeSigner(2).id, joiner.id].sort());
  const missed = new Map(after.map(({ id, missed: count }): [PeerId, number] => [id, count]));
  expect([0, 2, 5].map((n) => missed.get(fakeSigner(n).id))).toEqual([0, 1, 0]);
  expect(after.find(({ id }) => id === joiner.id)?.joinedRound).toBe(7);
});

test('every member leads about as often as any other, and the order of the list does not matter', () => {
  const members = Array.from({ length: 5 }, (_, n) => member(n));
  const led = new Map<PeerId, number>();
  for (let round = 1; round <= 2_000; round++) {
    const [first] = rankMembers(digest(round * 7_919), round, members);
    if (first !== undefined) led.set(first, (led.get(first) ?? 0) + 1);
    if (round % 100 === 0) {
      expect(rankMembers(digest(round), round, [...members].reverse())).toEqual(
        rankMembers(digest(round), round, members),
      );
    }
  }
  for (const count of led.values()) expect(count).toBeGreaterThan(300);
  expect(led.size).toBe(5);
});
