import { describe, expect, test } from 'vitest';
import { bestTip } from './ledger-tree.ts';
import { descends, nodeAt } from './ledger-walk.ts';
import { rankMembers, type ChainRecord } from './membership.ts';
import {
  certificate,
  chainRecord,
  counted,
  counting,
  digest,
  Driver,
  id,
  ids,
  key,
  numberOf,
} from '../testing/round-driver.ts';

const count = 5;
const genesis = digest(1);
const ranks = rankMembers(
  genesis,
  1,
  ids.slice(0, count).map((peer) => ({ id: peer })),
).map(numberOf);
const ranked = (rank: number): number => ranks[rank] ?? 0;
/** Leads nothing itself, so that only what others do decides. */
const self = ranked(4);
const late = 100_000;

const on = (
  parent: ChainRecord,
  name: number,
  leader: number,
  change: Partial<ChainRecord> = {},
): ChainRecord => chainRecord(parent.round + 1, parent.digest, digest(name), leader, change);
const first = (name: number, leader: number, change: Partial<ChainRecord> = {}): ChainRecord =>
  chainRecord(1, genesis, digest(name), leader, change);
const standOn = (driver: Driver, peer: number, record: ChainRecord): void => {
  driver.confirm(peer, record);
};
/** Its leader is seen elsewhere, so that the record itself speaks for nobody. */
const open = (): Driver => new Driver(self, { deadlineMs: 1_000_000 }).begin(count);
/** Among invited members one other that stands on a record is enough to stand on it. */
const invited = (): Driver => new Driver(self, { deadlineMs: 1_000_000, open: false }).begin(count);
const tipOf = (driver: Driver) => bestTip(driver.state, late);

describe('the best tip', () => {
  test('is our head where nothing else is known', () => {
    const driver = open();
    expect(tipOf(driver)).toBe(genesis);
    const record = driver.follow();
    expect(tipOf(driver)).toBe(record.digest);
  });

  test('is on the chain with the newest certificate, however few stand on it', () => {
    const driver = open();
    const ours = first(500, ranked(0));
    driver.hear(ours);
    for (const rank of [0, 1, 2, 3]) standOn(driver, ranked(rank), ours);
    expect(driver.state.head?.digest).toBe(ours.digest);
    const theirs = first(501, ranked(1));
    driver.hear(theirs);
    expect(driver.state.head?.digest).toBe(ours.digest);
    standOn(driver, ranked(2), { ...theirs, round: 1 });
    const votes = certificate({ round: 1, record: theirs.digest }, [0, 1, 2, 3]);
    driver.hear(on(theirs, 502, ranked(1), { certificate: votes }));
    expect(driver.state.head?.digest).toBe(digest(502));
  });

  // Open: what a certificate shows is not yet a reason to stand where only its leader is seen.
  test('is on the chain with the newest certificate, shown by its votes alone', () => {
    const driver = open();
    driver.hear(first(500, ranked(0)));
    const theirs = first(501, ranked(1));
    driver.hear(theirs);
    const votes = certificate({ round: 1, record: theirs.digest }, [0, 1, 2, 3]);
    driver.hear(on(theirs, 502, ranked(1), { certificate: votes }));
    expect(driver.state.head?.digest).toBe(digest(502));
  });

  test('is, with equal certificates, on the chain that more members stand on, whatever its length, rank or digest', () => {
    const driver = open();
    const ours = first(500, ranked(0));
    driver.hear(ours);
    const longer = on(ours, 501, numberOf(rankMembers(ours.digest, 2, driver.state.members)[0] ?? id(0)));
    driver.hear(longer);
    expect(driver.state.head?.digest).toBe(longer.digest);
    const theirs = first(900, ranked(2));
    driver.hear(theirs);
    const leader = numberOf(longer.leader);
    const free = [0, 1, 2, 3, 4].filter((n) => n !== self && n !== leader && n !== ranked(0));
    for (const n of free) standOn(driver, n, theirs);
    standOn(driver, ranked(0), { ...theirs, round: 1 });
    const there = new Set([...free, ranked(0), ranked(2)].filter((n) => n !== leader || n === ranked(2)));
    expect(there.size).toBeGreaterThan(2);
    expect(driver.state.head?.digest).toBe(theirs.digest);
  });

  test('is, with as many members on each, the one of the lower leader rank', () => {
    for (const order of [0, 1]) {
      const driver = invited();
      // A stranger to both, so that it stands on neither: what it is shown comes from their leaders alone.
      const low = first(900, ranked(1));
      const high = first(500, ranked(2));
      for (const record of order === 0 ? [low, high] : [high, low]) driver.hear(record);
      // One more member on each makes both eligible before the deadline.
      standOn(driver, ranked(0), low);
      standOn(driver, ranked(3), high);
      const { nodes, head } = driver.state;
      expect(nodes.has(low.digest) && nodes.has(high.digest)).toBe(true);
      // Seen without our own weight.
      const neutral = { ...driver.state, settings: { ...driver.state.settings, self: id(15) } };
      expect(bestTip(neutral, late), `order ${order}, head ${String(head?.digest)}`).toBe(low.digest);
    }
  });

  test('is, of two records of one leader, the one with the lower digest', () => {
    for (const order of [0, 1]) {
      const driver = invited();
      const [low, high] = [first(500, ranked(1)), first(501, ranked(1))];
      for (const record of order === 0 ? [low, high] : [high, low]) driver.hear(record);
      standOn(driver, ranked(0), low);
      standOn(driver, ranked(3), high);
      const neutral = { ...driver.state, settings: { ...driver.state.settings, self: id(15) } };
      const stands = new Map(neutral.stands);
      stands.delete(id(ranked(1)));
      expect(bestTip({ ...neutral, stands }, late)).toBe(low.digest);
    }
  });

  test('is never one whose contributions are not all here', () => {
    const driver = open();
    const { change, named } = counting([counted(ranked(0), 1)]);
    const record = first(500, ranked(0), change);
    driver.hear(record);
    for (const rank of [1, 2, 3]) standOn(driver, ranked(rank), record);
    expect(tipOf(driver)).toBe(genesis);
    driver.take({ kind: 'named', record: record.digest, digests: named });
    expect(tipOf(driver)).toBe(genesis);
    driver.contribute(ranked(0));
    expect(tipOf(driver)).toBe(record.digest);
  });

  test('is never one whose leader is not in turn, unless more others stand on it than may lie', () => {
    const driver = open();
    const record = first(500, ranked(2));
    driver.hear(record);
    standOn(driver, ranked(2), record); // its leader
    standOn(driver, ranked(1), record); // one of five may lie with it
    expect(driver.state.head?.digest).toBe(genesis);
    standOn(driver, ranked(3), record);
    expect(driver.state.head?.digest).toBe(record.digest);
  });

  test('is, among invited members, one whose leader is not in turn as soon as one other stands on it', () => {
    const driver = invited();
    const record = first(500, ranked(2));
    driver.hear(record);
    expect(driver.state.head?.digest).toBe(genesis);
    standOn(driver, ranked(1), record);
    expect(driver.state.head?.digest).toBe(record.digest);
  });

  test('is not one out of turn for a certificate of a record of our own chain: any leader could bring that', () => {
    for (const make of [open, invited]) {
      const driver = make();
      const base = driver.follow();
      const line = driver.state.ranks.map(numberOf).filter((n) => n !== self);
      const leader = line.at(-1) ?? 0;
      const votes = certificate(
        { round: 1, record: base.digest },
        [0, 1, 2, 3, 4].filter((n) => n !== self),
      );
      const [one, two] = [on(base, 950, leader), on(base, 951, leader, { certificate: votes })];
      driver.hear(one);
      driver.hear(two);
      driver.hear(on(one, 952, leader, { certificate: votes }));
      expect(driver.state.head?.digest).toBe(base.digest);
      expect(driver.state.nodes.size).toBe(5);
      standOn(driver, line[0] ?? 0, two);
      standOn(driver, line[1] ?? 0, two);
      expect(driver.state.head?.digest).toBe(two.digest);
    }
  });

  test('is one out of turn once its turn would have come since it was seen, if its certificate is newer', () => {
    const driver = open();
    const base = driver.follow();
    const { deadlineMs, successionMs } = driver.state.settings;
    const line = driver.state.ranks.map(numberOf);
    const [ahead = 0, behind = 0] = line.filter((n) => n !== self);
    const votes = certificate({ round: 1, record: base.digest }, [0, 1, 2, 3]);
    driver.hear(on(base, 950, ahead));
    const two = on(base, 951, behind, { certificate: votes });
    driver.hear(two);
    const ours = driver.state.head?.digest;
    expect(ours).not.toBe(two.digest);
    const begins = deadlineMs + line.indexOf(behind) * successionMs;
    driver.at(begins - 1);
    expect(driver.state.head?.digest).toBe(ours);
    expect(driver.effects.findLast(({ kind }) => kind === 'wake')).toEqual({ kind: 'wake', atMs: begins });
    driver.at(begins);
    expect(driver.state.head?.digest).toBe(two.digest);
  });

  test('is never a takeover beside our chain, however long it was seen: anyone can sign one', () => {
    const driver = open();
    const base = driver.follow();
    const ours = driver.follow();
    const votes = certificate({ round: 1, record: base.digest }, [0, 1, 2, 3]);
    driver.hear(
      on(base, 951, 9, {
        certificate: votes,
        joins: [id(9)],
        joinKeys: [key(9)],
        absent: ids.slice(0, count),
      }),
    );
    driver.at(10 * late * late);
    expect(driver.state.trail.get(ours.round)).toBe(ours.digest);
  });

  test('counts who was never a member of the parent for nothing', () => {
    const driver = invited();
    const ours = first(900, ranked(0));
    const theirs = first(500, ranked(1));
    driver.hear(ours);
    driver.hear(theirs);
    standOn(driver, ranked(2), theirs);
    standOn(driver, ranked(3), ours);
    const head = driver.state.head?.digest;
    for (const stranger of [7, 8, 9]) {
      driver.take({ kind: 'peer-up', peer: id(stranger) });
      standOn(driver, stranger, head === ours.digest ? theirs : ours);
    }
    expect(driver.state.head?.digest).toBe(head);
  });

  test('does not go back and forth: asked again, nothing moves', () => {
    const driver = invited();
    const [low, high] = [first(500, ranked(1)), first(900, ranked(2))];
    driver.hear(low);
    driver.hear(high);
    standOn(driver, ranked(0), low);
    standOn(driver, ranked(3), high);
    driver.effects = [];
    for (let ms = 0; ms < 5; ms++) driver.at(driver.now + 10);
    expect(driver.effects.filter(({ kind }) => kind === 'rolled-back' || kind === 'accepted')).toEqual([]);
  });
});

test('a chain is walked up from its tip, and knows who descends from whom', () => {
  const driver = open();
  const one = driver.follow();
  const two = driver.follow();
  const beside = on(one, 950, numberOf(two.leader));
  driver.hear(beside);
  const at = (tip: ChainRecord, round: number) => nodeAt(driver.state, tip.digest, round)?.context.record;
  expect([at(two, 2), at(two, 1), at(two, 0), at(beside, 1), at(two, 3)]).toEqual([
    two.digest,
    one.digest,
    genesis,
    one.digest,
    undefined,
  ]);
  const node = driver.state.nodes.get(two.digest);
  if (node === undefined) throw new Error('it is in the tree');
  expect(descends(driver.state, two.digest, node)).toBe(true);
  expect(descends(driver.state, beside.digest, node)).toBe(false);
});
