import { expect, test } from 'vitest';
import type { Digest, PeerId } from '../base/ids.ts';
import { fakeSigner } from '../testing/fake-crypto.ts';
import { firstContext, type ChainContext } from './chain-context.ts';
import { Ledger, roundsKept, roundsKeptAtMost, type LedgerEntry } from './ledger.ts';
import { roundRecord } from './round-record.ts';
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
  ...{ authors: [], bodies: undefined, joins: [], joinKeys: [], goodbyes: [], absent: [] },
  ...{ certificate: undefined, snapshot: undefined, epochChange: false, ...change },
});
const contextOf = (round: number, members: readonly Member[]): ChainContext => ({
  ...firstContext(record(0)),
  ...{ round, record: digest(round + 1), parent: digest(round), members },
});
const entry = (round: number, members: readonly Member[]): LedgerEntry => ({
  ...{ record: record(round), context: contextOf(round, members), raw: new Uint8Array(1) },
  ...{ named: [], bodies: [], shown: roundRecord(record(round), []) },
});

test('members of a round are those after the record before it, also where records are forgotten', () => {
  const ledger = new Ledger();
  const [a, b] = [member(0), member(1, 30)];
  for (let round = 0; round <= 40; round++) {
    const members = round < 30 ? [a] : [a, b];
    ledger.append(entry(round, members));
  }
  ledger.prune(Infinity);
  expect(ledger.oldest).toBe(41 - roundsKept);
  expect(ledger.membersOf(41)).toEqual([a.id, b.id]);
  expect(ledger.membersOf(ledger.oldest)).toEqual([a.id, b.id]);
  expect(ledger.membersOf(ledger.oldest - 1)).toEqual([]);
  expect(ledger.contextAfter(ledger.oldest - 1)?.members).toEqual([a, b]);
});

test('rounds that are still needed stay, up to a bound', () => {
  const ledger = new Ledger();
  for (let round = 0; round < 400; round++) {
    ledger.append(entry(round, [member(0)]));
    ledger.prune(20);
    expect(ledger.oldest).toBe(Math.max(0, Math.min(20, round - 7), round + 1 - roundsKeptAtMost));
  }
  expect(ledger.oldest).toBe(400 - roundsKeptAtMost);
  expect(ledger.get(ledger.oldest)).toBeDefined();
  expect(ledger.get(ledger.oldest - 1)).toBeUndefined();
});

test('a chain that starts at a snapshot has its members and grows from there', () => {
  const ledger = new Ledger();
  ledger.reset(contextOf(17, [member(3)]));
  expect([ledger.head, ledger.oldest]).toEqual([17, 18]);
  expect(ledger.membersOf(18)).toEqual([member(3).id]);
  ledger.append(entry(18, [member(3), member(4, 18)]));
  expect(ledger.membersOf(19).length).toBe(2);
});

test('a chain that is cut back goes on with other records, and not below what is kept', () => {
  const ledger = new Ledger();
  for (let round = 0; round <= 20; round++) ledger.append(entry(round, [member(0)]));
  ledger.prune(Infinity);
  ledger.cutBack(15);
  expect([ledger.head, ledger.get(16), ledger.tail(2).length]).toEqual([15, undefined, 2]);
  ledger.append(entry(16, [member(0), member(1, 16)]));
  expect(ledger.membersOf(17).length).toBe(2);
  ledger.cutBack(ledger.oldest - 1);
  expect([ledger.head, ledger.tail(5)]).toEqual([ledger.oldest - 1, []]);
  expect(ledger.membersOf(ledger.oldest)).toEqual([member(0).id]);
  expect(() => {
    ledger.cutBack(ledger.oldest - 2);
  }).toThrow('cannot be gone back to');
});

test('members after a record: leaves go, joins come, absences count, sorted by id', () => {
  const before = [member(0), member(1), member(2)].sort((a, b) => (a.id < b.id ? -1 : 1));
  const joiner = fakeSigner(5);
  const after = membersAfter(
    before,
    record(7, {
      authors: [fakeSigner(0).id],
      bodies: digest(1),
      joins: [joiner.id],
      joinKeys: [joiner.publicKey],
      absent: [fakeSigner(1).id],
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
