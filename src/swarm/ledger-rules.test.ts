import { describe, expect, test } from 'vitest';
import type { PeerId } from '../base/ids.ts';
import { Chain } from '../testing/record-chain.ts';
import { contextWindow } from './chain-context.ts';
import { genesisProblem, recordProblem, type Ancestry } from './ledger-rules.ts';
import { absencesAllowed, type ChainRecord } from './membership.ts';
import { limits } from './protocol.ts';
import { digest, genesisRecord, goodbye, id, ids, key, start } from '../testing/round-driver.ts';

const joining = (...peers: number[]): Pick<ChainRecord, 'joins' | 'joinKeys'> => ({
  joins: peers.map(id),
  joinKeys: peers.map(key),
});
const bodies = digest(77);
/** Many peers that never appear otherwise. */
const crowd = Array.from(
  { length: limits.members },
  (_, n) => `${'f'.repeat(28)}${n.toString(16).padStart(4, '0')}`,
);
const crowdJoins = (count: number): Pick<ChainRecord, 'joins' | 'joinKeys'> => ({
  joins: crowd.slice(0, count) as unknown as ChainRecord['joins'],
  joinKeys: crowd.slice(0, count).map(() => key(0)),
});

/** Four members at round 5; record 3 carries the certificate of record 2. */
function chain(): Chain {
  const one = new Chain(4);
  one.add();
  one.add();
  one.add({ certificate: one.votes(2, [0, 1, 2]) });
  one.add();
  one.add();
  return one;
}

describe('a record that may follow', () => {
  test.each<[string, (one: Chain) => Partial<ChainRecord>]>([
    ['changes nothing', () => ({})],
    ['counts every member', () => ({ authors: ids.slice(0, 4), bodies })],
    [
      'lets one join and one leave, with a goodbye or without',
      (one) => (one.without(2), { ...joining(5), absent: [id(2)], goodbyes: [goodbye(3)] }),
    ],
    [
      'takes over: all members leave and its signer joins',
      () => ({ ...joining(7), leader: id(7), absent: ids.slice(0, 4) }),
    ],
    ['lets a member leave with its goodbye and come back', () => ({ ...joining(2), goodbyes: [goodbye(2)] })],
    ['certifies a later record than was certified', (one) => ({ certificate: one.votes(3, [1, 2, 3]) })],
    ['certifies its parent', (one) => ({ certificate: one.votes(5, [1, 2, 3], () => false) })],
    ['names a snapshot of the parent', () => ({ snapshot: { round: 5, root: digest(5) } })],
  ])('%s', (_, change) => {
    const one = chain();
    expect(one.problem(change(one))).toBeUndefined();
  });
});

describe('a record is refused as', () => {
  const cases: [string, string, (one: Chain) => Partial<ChainRecord>][] = [
    ['record-wrong-round', 'it skips one', () => ({ round: 7 })],
    ['record-other-parent', 'it follows another', () => ({ parent: digest(1) })],
    ['record-leader-not-a-member', 'a stranger signed it', () => ({ leader: id(9) })],
    [
      'record-leader-not-a-member',
      'a stranger takes over from half',
      () => ({ ...joining(9), leader: id(9), absent: [id(0), id(1)] }),
    ],
    [
      'record-leader-not-a-member',
      'a stranger takes over and counts work',
      () => ({ ...joining(9), leader: id(9), absent: ids.slice(0, 4), authors: [id(1)], bodies }),
    ],
    ['record-bodies', 'it counts somebody and says not what', () => ({ authors: [id(0)] })],
    ['record-bodies', 'it counts nobody and names bodies', () => ({ bodies })],
    ['record-names-a-stranger', 'it counts a stranger', () => ({ authors: [id(0), id(9)], bodies })],
    ['record-leaves-a-stranger', 'a stranger leaves', () => ({ absent: [id(9)] })],
    ['record-leaves-a-stranger', 'a stranger says goodbye', () => ({ goodbyes: [goodbye(9)] })],
    [
      'record-leaves-twice',
      'one leaves with a goodbye and without',
      () => ({ goodbyes: [goodbye(2)], absent: [id(2)] }),
    ],
    ['record-joins-a-member', 'a member joins', () => joining(1)],
    [
      'record-joins-a-member',
      'a member is absent and joins',
      (one) => (one.without(1), { ...joining(1), absent: [id(1)] }),
    ],
    ['record-joins-twice', 'one joins twice', () => joining(8, 8)],
    ['record-leaves-nobody', 'all leave', () => ({ goodbyes: [0, 1, 2, 3].map((n) => goodbye(n)) })],
    [
      'record-leaves-the-present',
      'it lists a member that nothing was missed of',
      () => ({ absent: [id(2)] }),
    ],
    [
      'record-leaves-the-present',
      'it lists everyone but its leader, which would go on alone',
      () => ({ absent: [id(1), id(2), id(3)] }),
    ],
    [
      'record-leaves-the-present',
      'the member missed two records only',
      (one) => {
        for (let n = 0; n < absencesAllowed - 1; n++) one.add({ authors: [id(0), id(1), id(3)], bodies });
        return { absent: [id(2)] };
      },
    ],
    [
      'record-leaves-the-present',
      'the member missed three records and was counted since',
      (one) => {
        one.without(2).add({ authors: [id(2)], bodies });
        return { absent: [id(2)] };
      },
    ],
    ['record-too-many-members', 'more join than a run holds', () => crowdJoins(limits.members - 3)],
    [
      'record-goodbye-stale',
      'the goodbye is of an earlier membership',
      () => ({ goodbyes: [goodbye(2, { joined: 1 })] }),
    ],
    [
      'record-goodbye-stale',
      'what the leaver confirmed last is older than what is final',
      (one) => {
        one.add({ certificate: one.votes(5, [0, 1, 2]) });
        expect(one.tip.final).toBe(2);
        return { goodbyes: [goodbye(2, { round: 1, record: one.at(1).record })] };
      },
    ],
    [
      'record-goodbye-off-chain',
      'the leaver only says that it is gone',
      () => ({ goodbyes: [goodbye(2, { round: 5, record: digest(0) })] }),
    ],
    [
      'record-goodbye-off-chain',
      'the leaver confirmed another chain last',
      () => ({ goodbyes: [goodbye(2, { round: 3, record: digest(9) })] }),
    ],
    [
      'record-goodbye-off-chain',
      'the leaver confirmed what is still to come',
      () => ({ goodbyes: [goodbye(2, { round: 6, record: digest(9) })] }),
    ],
    [
      'record-certificate-round',
      'its certificate is no newer',
      (one) => ({ certificate: one.votes(2, [0, 1, 2]) }),
    ],
    [
      'record-certificate-round',
      'it certifies itself',
      (one) => ({ certificate: { ...one.votes(5, [0, 1, 2]), round: 6 } }),
    ],
    [
      'record-certificate-off-chain',
      'it certifies a record of another chain',
      (one) => ({ certificate: { ...one.votes(4, [0, 1, 2]), record: digest(9) } }),
    ],
    [
      'record-certificate-twice',
      'one vote counts twice',
      (one) => ({ certificate: one.votes(4, [0, 1, 1]) }),
    ],
    ['record-certificate-short', 'too few confirmed', (one) => ({ certificate: one.votes(4, [0, 1]) })],
    ['record-certificate-short', 'strangers confirmed', (one) => ({ certificate: one.votes(4, [0, 1, 9]) })],
    ['record-epoch-early', 'the majority may yet be there', () => ({ epochChange: true })],
    [
      'record-snapshot-round',
      'its snapshot is of this round',
      () => ({ snapshot: { round: 6, root: digest(5) } }),
    ],
  ];
  test.each(cases)('%s where %s', (reason, _, change) => {
    const one = chain();
    expect(one.problem(change(one))).toBe(reason);
  });

  test('record-snapshot-round where one as new is named already', () => {
    const one = chain();
    one.add({ snapshot: { round: 4, root: digest(5) } });
    expect(one.problem({ snapshot: { round: 4, root: digest(6) } })).toBe('record-snapshot-round');
    expect(one.problem({ snapshot: { round: 5, root: digest(6) } })).toBeUndefined();
  });

  test('record-certificate-round where what it certifies is more than 64 rounds back', () => {
    const one = new Chain(4);
    for (let round = 1; round <= 70; round++) one.add();
    expect(one.problem({ certificate: one.votes(6, [0, 1, 2]) })).toBe('record-certificate-round');
    expect(one.problem({ certificate: one.votes(7, [0, 1, 2]) })).toBeUndefined();
  });

  test('record-goodbye-stale where what the leaver confirmed last is more than 64 rounds back, at old and new members alike', () => {
    const one = new Chain(4);
    for (let round = 1; round <= 70; round++) one.add();
    const named = (round: number) => ({ goodbyes: [goodbye(3, { round, record: one.at(round).record })] });
    const latecomer: Ancestry = {
      digestAt: (round) => (round > 70 - contextWindow ? one.contexts[round]?.record : undefined),
      contextAt: (round) => (round > 70 - contextWindow ? one.contexts[round] : undefined),
    };
    for (const ancestry of [one.ancestry, latecomer]) {
      const problem = (round: number) => recordProblem(one.rules, one.tip, ancestry, one.next(named(round)));
      expect([6, 7, 70].map(problem)).toEqual(['record-goodbye-stale', undefined, undefined]);
    }
  });

  test('record-too-many-changes where members change more often than 64 times before anything is final', () => {
    const one = new Chain(4);
    for (const newcomer of crowd.slice(1, limits.electorates))
      one.add({ joins: [newcomer as PeerId], joinKeys: [key(0)] });
    expect(one.tip.electorates.length).toBe(limits.electorates);
    expect(one.problem(joining(5))).toBe('record-too-many-changes');
    expect(one.problem({ goodbyes: [goodbye(2)] })).toBe('record-too-many-changes');
    expect(one.problem({})).toBeUndefined();
  });

  test('record-epoch-not-the-founder in an open run, where in a closed one any member may', () => {
    for (const open of [true, false]) {
      const one = new Chain(4, { open, epochAfter: 3 });
      one.add();
      one.add();
      expect(one.problem({ epochChange: true })).toBe('record-epoch-early');
      one.add();
      expect(one.problem({ epochChange: true, leader: id(0) })).toBeUndefined();
      expect(one.problem({ epochChange: true, leader: id(2) })).toBe(
        open ? 'record-epoch-not-the-founder' : undefined,
      );
    }
  });
});

describe('record 0', () => {
  const rules = new Chain(1).rules;
  const problem = (change: Partial<ChainRecord>): string | undefined =>
    genesisProblem(rules, start, { ...genesisRecord(3), ...change });

  test('of the founder, with first members, is valid', () => {
    expect(problem({})).toBeUndefined();
  });

  test.each<[string, Partial<ChainRecord>]>([
    ['record-wrong-round', { round: 1 }],
    ['record-other-parent', { parent: digest(3) }],
    ['record-leader-not-a-member', { leader: id(1) }],
    ['record-names-a-stranger', { authors: [id(0)], bodies }],
    ['record-leaves-a-stranger', { absent: [id(1)] }],
    ['record-joins-twice', joining(0, 1, 1)],
    ['record-leaves-nobody', joining(1, 2)],
    ['record-wrong-round', { epochChange: true }],
    ['record-wrong-round', { snapshot: { round: 0, root: digest(1) } }],
    ['record-other-initial-state', { parentState: '1'.repeat(32) }],
  ])('is refused as %s (%o)', (reason, change) => {
    expect(problem(change)).toBe(reason);
  });
});
