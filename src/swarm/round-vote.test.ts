import { describe, expect, test } from 'vitest';
import type { ChainRecord } from './membership.ts';
import {
  certificate,
  chainRecord,
  digest,
  Driver,
  effectsOf,
  goodbye,
  id,
  key,
  proposalIn,
  start,
} from '../testing/round-driver.ts';
import { Chain } from '../testing/record-chain.ts';
import { ballotEvery } from './round-vote.ts';

const recordName = ({ round, digest: record }: ChainRecord) => ({ round, record });
const votesIn = (driver: Driver) => effectsOf('vote', driver.effects);
/** A record on any parent; letters keep them apart. */
const on = (
  parent: ChainRecord,
  name: number,
  leader: number,
  change: Partial<ChainRecord> = {},
): ChainRecord => chainRecord(parent.round + 1, parent.digest, digest(name), leader, change);
const certifying = (record: ChainRecord, voters: readonly number[]) => ({
  certificate: certificate({ round: record.round, record: record.digest }, voters),
});
/** Where no second rank signs by our own hand, because own records are stood on at once. */
const [self, count] = [2, 3];
const [a, b] = [0, 1];

describe('a confirm', () => {
  test('is given to every record that is applied, and names the state we hold', () => {
    const driver = new Driver(self).begin(count);
    const first = driver.record(driver.ranked(0));
    driver.hear(first);
    expect(votesIn(driver)).toEqual([]); // not applied yet
    driver.apply('7'.repeat(32));
    expect(votesIn(driver)).toMatchObject([
      { round: 1, record: first.digest, state: '7'.repeat(32), clean: true },
    ]);
  });

  test('goes to the first two leaders of the next round, as far as they are linked and not ourselves', () => {
    const driver = new Driver(5).begin(12);
    for (let round = 1; round <= 16; round++) {
      driver.effects = [];
      driver.follow();
      const line = driver.state.ranks.slice(0, 2).filter((peer) => peer !== id(5));
      for (const { to } of votesIn(driver)) expect(to).toEqual(line);
      expect(votesIn(driver).length).toBe(round % ballotEvery(12) === 0 ? 1 : 0);
    }
    const away = driver.ranked(0) === 5 ? driver.ranked(1) : driver.ranked(0);
    driver.take({ kind: 'peer-down', peer: id(away) });
    for (let round = 1; round <= 4; round++) driver.follow();
    for (const { to } of votesIn(driver).slice(-1)) expect(to).not.toContain(id(away));
  });

  test('goes to every member while two chains are in sight, in every round', () => {
    const driver = new Driver(5).begin(12);
    const first = driver.record(driver.ranked(0));
    driver.hear(on({ ...first, round: 0, digest: digest(1) }, 901, driver.ranked(1)));
    driver.effects = [];
    driver.hear(first);
    driver.apply();
    expect(driver.state.forked).toBe(true);
    const everyone = Array.from({ length: 12 }, (_, n) => id(n)).filter((peer) => peer !== id(5));
    expect(votesIn(driver).map(({ to }) => to)).toEqual([everyone]);
  });

  test('is given every round by up to five members, and less often by more', () => {
    expect([1, 2, 3, 5, 6, 9, 16, 256].map(ballotEvery)).toEqual([1, 1, 1, 1, 2, 3, 5, 85]);
  });

  test('is given by members only', () => {
    const follower = new Driver(7).begin(count);
    for (let round = 1; round <= 4; round++) follower.follow();
    expect(votesIn(follower)).toEqual([]);
  });

  test('is not given any more after a goodbye', () => {
    const driver = new Driver(self).begin(count);
    driver.follow();
    driver.take({ kind: 'membership', wanted: false });
    driver.take({ kind: 'leave', goodbye: goodbye(self) });
    driver.effects = [];
    driver.follow({}, driver.ranked(0) === self ? driver.ranked(1) : driver.ranked(0));
    expect(votesIn(driver)).toEqual([]);
  });

  test('is not given while members signed another state than ours', () => {
    const driver = new Driver(self).begin(count);
    const first = driver.follow();
    driver.effects = [];
    const other = { ...certificate({ round: 1, record: first.digest }, [a, b]), state: '9'.repeat(32) };
    driver.follow({ certificate: other });
    expect(driver.state.differs).toEqual({ round: 1, state: '9'.repeat(32) });
    expect(votesIn(driver)).toEqual([]);
  });
});

/** Stands on `first` (round 1, confirmed), and knows `second` of the same round. */
function twoChains(): { driver: Driver; first: ChainRecord; second: ChainRecord } {
  const driver = new Driver(self).begin(count);
  const first = driver.follow({}, a);
  const second = chainRecord(1, digest(1), digest(900), b);
  driver.hear(second);
  expect(driver.state.head?.digest).toBe(first.digest);
  driver.effects = [];
  return { driver, first, second };
}

/** The driver in which member `a` leads round 1, so that `follow({}, a)` is in turn. */
function leads(leader: number): boolean {
  return new Driver(self).begin(count).ranked(0) === leader;
}

describe('two chains', () => {
  test('of one round never get a confirm each', () => {
    if (!leads(a)) throw new Error('choose the leaders anew');
    const { driver, first, second } = twoChains();
    const child = on(second, 901, b, certifying(second, [a, b]));
    driver.hear(child);
    driver.confirm(a, child); // a newer certificate, and another member there: over we go
    expect(effectsOf('rolled-back', driver.effects)).toEqual([{ kind: 'rolled-back', round: 0 }]);
    driver.take({ kind: 'applied', round: 0, state: driver.state.states.get(0) ?? '' });
    driver.take({ kind: 'applied', round: 1, state: '5'.repeat(32) });
    expect(votesIn(driver)).toEqual([]); // round 1 was confirmed on the other chain
    driver.take({ kind: 'applied', round: 2, state: '6'.repeat(32) });
    expect(votesIn(driver).map(({ round }) => round)).toEqual([2]);
    expect(first.round).toBe(1);
  });

  test('leave a confirm clean where what we confirmed on the other is not above what this one certifies', () => {
    const { driver, second } = twoChains();
    // Certified at round 1 only: our confirm of the other record of round 1 is not above that.
    const child = on(second, 902, b, certifying(second, [a, b]));
    driver.hear(child);
    driver.confirm(a, child);
    expect(driver.state.head?.digest).toBe(digest(902));
    driver.apply();
    expect(votesIn(driver)).toMatchObject([{ round: 2, clean: true }]);
  });

  test('leave a confirm unclean where the chain we came to certifies nothing as new as what we confirmed elsewhere', () => {
    const { driver, first, second } = twoChains();
    const ours = driver.follow({}, driver.ranked(0)); // round 2, confirmed: no certificate yet
    driver.effects = [];
    const two = on(second, 903, b);
    const three = on(two, 904, b, certifying(second, [a, b]));
    driver.hear(two);
    driver.hear(three); // certifies round 1 of the other chain; we confirmed round 2 of ours
    driver.confirm(a, three);
    expect(driver.state.head?.digest).toBe(three.digest);
    driver.apply();
    expect(votesIn(driver)).toMatchObject([{ round: 3, record: three.digest, clean: false }]);
    expect([ours.round, first.round]).toEqual([2, 1]);
  });

  test('that differ in a state: only the one that has it holds our confirms up', () => {
    const driver = new Driver(3, { open: false }).begin(4);
    const base = driver.follow();
    const ours = driver.follow();
    driver.follow({ certificate: { ...certificate(recordName(ours), [0, 1, 2]), state: '1'.repeat(32) } });
    expect(driver.state.differs?.round).toBe(2);
    const other = [0, 1, 2].find((n) => id(n) !== ours.leader) ?? 0;
    const two = on(base, 8002, other);
    const three = on(two, 8003, other);
    const four = on(three, 8004, other);
    const five = on(four, 8005, other, { certificate: certificate(recordName(three), [0, 1, 2]) });
    driver.effects = [];
    for (const record of [two, three, four, five]) driver.hear(record);
    expect(driver.state.head?.digest).toBe(five.digest);
    expect(driver.state.differs).toBeUndefined();
    driver.apply();
    expect(votesIn(driver).map(({ round }) => round)).toEqual([5]);
  });

  test('get no confirm where the chain certifies less than one that we confirmed before', () => {
    const { driver, first } = twoChains();
    const locked = driver.record(driver.ranked(0), certifying(first, [a, b, self]));
    driver.hear(locked);
    driver.apply();
    expect(driver.state.lock).toBe(1);
    const before = driver.state.votedRound;
    // A volunteer after a crash: it knows its lock, and joins a chain without that certificate.
    const again = new Driver(7, {}, { confirm: 0, record: -1, lock: 1 }).begin(count);
    const joined = again.follow({ joins: [id(7)], joinKeys: [key(7)] });
    for (let round = 2; round <= 4; round++) again.follow();
    expect(votesIn(again)).toEqual([]);
    again.follow(certifying(joined, [a, b, self]));
    expect(votesIn(again).map(({ round }) => round)).toEqual([5]);
    expect(before).toBe(2);
  });
});

describe('a membership that was given up', () => {
  const word = (round: number, record: ChainRecord['digest']) => goodbye(self, { round, record });
  /** Not by us, so that we only follow. */
  const follow = (driver: Driver, change: Partial<ChainRecord> = {}): ChainRecord =>
    driver.follow(change, driver.ranked(0) === self ? driver.ranked(1) : driver.ranked(0));
  const invited = (): Driver =>
    new Driver(self, { open: false, deadlineMs: 0, successionMs: 0 }).begin(count);

  test('is not taken up again after a snapshot of a chain that knows nothing of the goodbye', () => {
    const driver = invited();
    follow(driver);
    const { contexts } = chainTo(5);
    driver.take({ kind: 'membership', wanted: false });
    driver.take({ kind: 'membership', wanted: true });
    driver.effects = [];
    driver.take({ kind: 'reenter' });
    driver.take({ kind: 'snapshot', contexts, state: start });
    driver.apply();
    follow(driver);
    expect(driver.state.head?.round).toBe(6);
    expect(driver.state.members.map(({ id: peer }) => peer)).toContain(id(self));
    expect(votesIn(driver)).toEqual([]);
    expect(effectsOf('send-leave', driver.effects).length).toBe(1);
    expect(
      effectsOf('propose', driver.effects).filter(({ draft }) => draft.authors.includes(id(self))),
    ).toEqual([]);
  });

  test('is not taken up again where the record by which we came back is taken back', () => {
    const driver = invited();
    const base = follow(driver);
    driver.take({ kind: 'membership', wanted: false });
    const said = word(1, base.digest);
    driver.take({ kind: 'leave', goodbye: said });
    driver.take({ kind: 'membership', wanted: true });
    const back = follow(driver, { goodbyes: [said], joins: [id(self)], joinKeys: [key(self)] });
    expect(driver.state.members.find((one) => one.id === id(self))?.joinedRound).toBe(2);
    driver.effects = [];
    const other = back.leader === id(a) ? b : a;
    const two = on(base, 7002, other);
    const three = on(two, 7003, other);
    const four = on(three, 7004, other, certifying(two, [a, b]));
    for (const record of [two, three, four]) driver.hear(record);
    expect(effectsOf('rolled-back', driver.effects)).toEqual([{ kind: 'rolled-back', round: 1 }]);
    expect(driver.state.head?.digest).toBe(four.digest);
    driver.apply();
    follow(driver);
    expect(driver.state.members.find((one) => one.id === id(self))?.joinedRound).toBe(0);
    expect(votesIn(driver)).toEqual([]);
  });

  test('does not vote on the record that ends it either, though that record lets us come back', () => {
    const driver = invited();
    const base = follow(driver);
    driver.take({ kind: 'membership', wanted: false });
    const said = word(1, base.digest);
    driver.take({ kind: 'leave', goodbye: said });
    driver.take({ kind: 'membership', wanted: true });
    driver.effects = [];
    follow(driver, { goodbyes: [said], joins: [id(self)], joinKeys: [key(self)] });
    expect(votesIn(driver)).toEqual([]);
    follow(driver);
    expect(votesIn(driver).map(({ round }) => round)).toEqual([3]);
  });
});

/** Records of members a and b and ourselves, none certified. */
function chainTo(round: number): Chain {
  const chain = new Chain(count);
  for (let at = 1; at <= round; at++) chain.add();
  return chain;
}

describe('after a restart', () => {
  /** Has confirmed round 3 in an earlier life, and joins by the record of `round`. */
  function rejoined(round: number): { readonly driver: Driver; readonly chain: ChainRecord[] } {
    const driver = new Driver(7, {}, { confirm: 3, record: -1, lock: 0 }).begin(count);
    const chain: ChainRecord[] = [];
    for (let at = 1; at <= round; at++)
      chain.push(driver.follow(at === round ? { joins: [id(7)], joinKeys: [key(7)] } : {}));
    return { driver, chain };
  }

  test('nothing is confirmed under a membership that began in or before the round that was signed before', () => {
    for (const round of [1, 2, 3]) {
      const { driver } = rejoined(round);
      for (let at = round + 1; at <= 6; at++) driver.follow();
      expect(votesIn(driver), `joined by record ${round}`).toEqual([]);
      expect(effectsOf('send-leave', driver.effects).length).toBe(1); // so that it can join anew
    }
    const { driver } = rejoined(4);
    for (let at = 5; at <= 6; at++) driver.follow();
    expect(votesIn(driver).map(({ round }) => round)).toEqual([5, 6]);
  });

  test('a confirm is clean only once a record as new as what was signed before is certified', () => {
    const { driver, chain } = rejoined(4);
    const [, second, third] = chain;
    if (second === undefined || third === undefined) throw new Error('four records');
    driver.follow();
    driver.follow(certifying(second, [a, b]));
    driver.follow(certifying(third, [a, b]));
    expect(votesIn(driver).map(({ round, clean }) => [round, clean])).toEqual([
      [5, false], // nothing is certified: what we signed up to round 3 may have been for another chain
      [6, false], // round 2 is
      [7, true], // round 3 is
    ]);
  });

  test('no record is signed again for a round it was signed for', () => {
    for (const record of [-1, 1]) {
      for (let n = 0; n < count; n++) {
        const driver = new Driver(n, {}, { confirm: -1, record, lock: -1 }).begin(count);
        if (driver.ranked(0) !== n) continue;
        driver.at(1_000);
        expect(effectsOf('propose', driver.effects).length).toBe(record === 1 ? 0 : 1);
      }
    }
  });
});

describe('a certificate', () => {
  test('is carried by the next record once enough members confirmed with one state', () => {
    const leader = [0, 1, 2].map((n) => new Driver(n).begin(count)).find((one) => one.ranked(0) === one.self);
    if (leader === undefined) throw new Error('somebody leads');
    // Followed to a round that we lead.
    let driver = leader;
    const first = driver.follow({}, driver.self);
    for (let n = 0; n < count && driver.ranked(0) !== driver.self; n++) {
      driver = new Driver(n).begin(count);
      driver.take({ kind: 'record', from: first.leader, record: first });
      driver.apply();
    }
    const [x = 0, y = 0] = [0, 1, 2].filter((n) => n !== driver.self);
    driver.confirm(x, first, true, '8'.repeat(32)); // another state: does not count with ours
    expect(effectsOf('propose', driver.at(driver.now + 10))).toEqual([]);
    driver.confirm(y, first, false);
    const draft = effectsOf('propose', driver.at(driver.now + 1_000))[0]?.draft;
    expect(draft?.certificate?.votes.map(({ peer, clean }) => [peer, clean])).toEqual(
      [
        [id(driver.self), true],
        [id(y), false],
      ].sort(([p], [q]) => (String(p) < String(q) ? -1 : 1)),
    );
    expect(draft?.certificate).toMatchObject({ round: 1, record: first.digest, of: 3 });
  });

  test('quotes no confirm that names the record with another round, whichever came first', () => {
    const follower = new Driver(9).begin(4);
    const first = follower.follow();
    const leader = follower.ranked(0);
    const [liar = 0, ...honest] = [0, 1, 2, 3].filter((n) => n !== leader);
    for (const early of [true, false]) {
      const driver = new Driver(leader).begin(4);
      if (early) driver.confirm(liar, { ...first, round: 5 });
      driver.hear(first);
      driver.apply();
      if (!early) driver.confirm(liar, { ...first, round: 5 });
      for (const n of honest) driver.confirm(n, first);
      driver.at(100_000);
      const certified = proposalIn(driver.effects)?.certificate;
      expect(certified?.round).toBe(1);
      expect(certified?.votes.map(({ peer }) => peer)).toEqual([leader, ...honest].map(id).sort());
    }
  });

  test('is still made after many rounds in which nothing became final', () => {
    const driver = new Driver(0).begin(4);
    let newest = driver.follow();
    for (let round = 2; round <= 140; round++) {
      driver.confirm(1, newest);
      newest = driver.follow();
    }
    for (const n of [1, 2, 3]) driver.confirm(n, newest);
    expect(driver.state.finalRound).toBe(0);
    expect(driver.state.ballots.get(newest.digest)?.size).toBe(4);
    expect(driver.state.ballots.size).toBeLessThanOrEqual(64);
  });

  test('counts no confirms of peers that never were members, and each member once', () => {
    const driver = new Driver(self).begin(count);
    const first = driver.follow();
    driver.confirm(9, first);
    for (let n = 0; n < 3; n++) driver.confirm(a, first, n > 0);
    const ballots = driver.state.ballots.get(first.digest);
    expect([...(ballots?.keys() ?? [])].sort()).toEqual([id(a), id(self)].sort());
    expect(ballots?.get(id(a))?.clean).toBe(false); // the first stands
  });
});
