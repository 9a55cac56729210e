import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, equalBytes } from '../base/bytes.ts';
import type { PeerId } from '../base/ids.ts';
import { fuzzRounds } from '../testing/long.ts';
import { Chain } from '../testing/record-chain.ts';
import {
  contextWindow,
  decodeContexts,
  encodeContexts,
  isQuorum,
  quorumOf,
  votersOf,
  type ChainContext,
} from './chain-context.ts';
import { absencesAllowed } from './membership.ts';
import { digest, goodbye, id, ids, key } from '../testing/round-driver.ts';

const joining = (n: number) => ({ joins: [id(n)], joinKeys: [key(n)] });
const voters = ({ electorates }: ChainContext): (readonly PeerId[])[] =>
  electorates.map((one) => one.voters.map((voter) => voter.id));
const setOf = (...peers: number[]): ReadonlySet<PeerId> => new Set(peers.map(id));

describe('a quorum', () => {
  test('is more than half, or two thirds where strangers may join', () => {
    const counts = [0, 1, 2, 3, 4, 5, 6, 7, 16];
    expect(counts.map((count) => quorumOf(count, false))).toEqual([0, 1, 2, 2, 3, 3, 4, 4, 9]);
    expect(counts.map((count) => quorumOf(count, true))).toEqual([0, 1, 2, 2, 3, 4, 4, 5, 11]);
  });

  test('of one electorate always shares a member with another of it; where strangers may join, a third of it', () => {
    for (let count = 1; count <= 256; count++) {
      expect(2 * quorumOf(count, false)).toBeGreaterThan(count);
      expect(3 * (2 * quorumOf(count, true) - count)).toBeGreaterThanOrEqual(count);
    }
  });

  test('must be reached in every electorate, by its own voters', () => {
    const one = new Chain(3).without(0);
    one.add({ ...joining(3), absent: [id(0)] });
    const { electorates } = one.tip; // 0 1 2, then 1 2 3
    expect(isQuorum(electorates, setOf(1, 2), false)).toBe(true);
    expect(isQuorum(electorates, setOf(1, 3), false)).toBe(false);
    expect(isQuorum(electorates, setOf(0, 1), false)).toBe(false);
    expect(isQuorum(electorates, setOf(0, 1, 3), false)).toBe(true);
    expect(isQuorum(electorates, setOf(7, 8, 9), false)).toBe(false);
  });
});

describe('what a chain says is certified and final', () => {
  test('nothing but record 0 until a record carries a certificate', () => {
    const one = new Chain(3);
    for (let round = 1; round <= 5; round++) expect(one.add()).toMatchObject({ certified: 0, final: 0 });
  });

  test('a certificate certifies its record; one of a record that stands on it makes the first final', () => {
    const one = new Chain(3);
    one.add();
    expect(one.add({ certificate: one.votes(1, [0, 1]) })).toMatchObject({ certified: 1, final: 0 });
    expect(one.add({ certificate: one.votes(2, [0, 1]) })).toMatchObject({ certified: 2, final: 1 });
    expect(one.add({ certificate: one.votes(3, [1, 2]) })).toMatchObject({ certified: 3, final: 2 });
  });

  test('rounds between two certificates become final together', () => {
    const one = new Chain(3);
    one.add();
    one.add({ certificate: one.votes(1, [0, 1]) });
    one.add();
    one.add();
    one.add({ certificate: one.votes(4, [0, 1]) });
    expect(one.tip).toMatchObject({ certified: 4, final: 1 });
    one.add();
    expect(one.add({ certificate: one.votes(6, [0, 1]) })).toMatchObject({ certified: 6, final: 4 });
  });

  test('a record that was signed before the certificate was known makes nothing final', () => {
    const one = new Chain(3);
    one.add();
    one.add(); // confirmed by all, but it does not say that record 1 is certified
    one.add({ certificate: one.votes(1, [0, 1]) });
    expect(one.add({ certificate: one.votes(2, [0, 1]) })).toMatchObject({ certified: 2, final: 0 });
  });

  test('confirms of members that voted elsewhere in between certify but do not finalise', () => {
    const one = new Chain(3);
    one.add();
    one.add({ certificate: one.votes(1, [0, 1]) });
    one.add({ certificate: one.votes(2, [0, 1], (n) => n !== 1) });
    expect(one.tip).toMatchObject({ certified: 2, final: 0 });
    one.add({ certificate: one.votes(3, [0, 1, 2], (n) => n !== 1) });
    expect(one.tip).toMatchObject({ certified: 3, final: 2 }); // two of three are clean
  });

  test('what is final never becomes less', () => {
    const one = new Chain(3);
    one.add();
    for (let round = 2; round <= 6; round++) one.add({ certificate: one.votes(round - 1, [0, 1]) });
    const { final } = one.tip;
    one.add({ certificate: one.votes(6, [0, 1], () => false) });
    expect(one.tip.final).toBe(final);
    expect(one.add().final).toBe(final);
  });
});

describe('who votes', () => {
  test('on a record: the members its parent knew, not those it lists itself', () => {
    const one = new Chain(2);
    one.add(joining(2));
    expect(votersOf(one.tip).map((voter) => voter.id)).toEqual([id(0), id(1)]);
    one.add();
    expect(votersOf(one.tip).map((voter) => voter.id)).toEqual([id(0), id(1), id(2)]);
  });

  test('after a join, both the members before and those after it must agree until that is final', () => {
    const one = new Chain(3);
    one.add(joining(3));
    expect(voters(one.tip)).toEqual([ids.slice(0, 3), ids.slice(0, 4)]);
    one.add();
    expect(one.problem({ certificate: one.votes(2, [0, 1]) })).toBe('record-certificate-short');
    expect(one.problem({ certificate: one.votes(2, [0, 1, 3]) })).toBeUndefined();
    expect(one.problem({ certificate: one.votes(2, [0, 2, 3]) })).toBeUndefined();
    one.add({ certificate: one.votes(2, [0, 1, 3]) });
    expect(voters(one.tip).length).toBe(2);
    one.add({ certificate: one.votes(3, [0, 1, 3]) });
    expect(one.tip.final).toBe(2);
    expect(voters(one.tip)).toEqual([ids.slice(0, 4)]); // the first have had their last word
  });

  test('who is absent still counts among the members before, who said goodbye does not', () => {
    for (const word of [true, false]) {
      const one = new Chain(3, { open: false }).without(1, 2);
      one.add(word ? { goodbyes: [goodbye(1), goodbye(2)] } : { absent: [id(1), id(2)] });
      expect(voters(one.tip)).toEqual(word ? [[id(0)]] : [ids.slice(0, 3), [id(0)]]);
      const alone = one.votes(one.add().round, [0]);
      expect(one.problem({ certificate: alone })).toBe(word ? undefined : 'record-certificate-short');
    }
  });

  test('a goodbye takes its author out of every electorate that is still open', () => {
    const one = new Chain(4);
    one.add(joining(4));
    one.add(joining(5));
    one.add({ goodbyes: [goodbye(1)] });
    expect(voters(one.tip)).toEqual([[0, 2, 3].map(id), [0, 2, 3, 4].map(id), [0, 2, 3, 4, 5].map(id)]);
  });

  test('who leaves with a goodbye and comes back by the same record votes as a new member only', () => {
    const one = new Chain(3);
    one.add({ ...joining(1), goodbyes: [goodbye(1)] });
    expect(voters(one.tip)).toEqual([[id(0), id(2)], ids.slice(0, 3)]);
    expect(one.tip.members.find((member) => member.id === id(1))?.joinedRound).toBe(1);
  });

  test('an epoch change leaves one electorate: the members that remain', () => {
    const one = new Chain(4, { epochAfter: 2 }).without(1, 2, 3);
    one.add({ absent: [id(1), id(2), id(3)] });
    one.add();
    expect(voters(one.tip).length).toBe(2);
    one.add({ epochChange: true });
    expect(one.tip).toMatchObject({ epoch: 1, final: 0 });
    expect(voters(one.tip)).toEqual([[id(0)]]);
    const { round } = one.add();
    one.add({ certificate: one.votes(round, [0]) });
    one.add({ certificate: one.votes(round + 1, [0]) });
    expect(one.tip).toMatchObject({ epoch: 1, final: round, certified: round + 1 });
  });

  test('the newest snapshot a chain names stays until a newer one is named', () => {
    const one = new Chain(1);
    one.add();
    one.add({ snapshot: { round: 1, root: digest(71) } });
    one.add();
    expect(one.tip.snapshot).toEqual({ round: 1, root: digest(71) });
    expect(one.add({ snapshot: { round: 3, root: digest(73) } }).snapshot?.round).toBe(3);
  });
});

describe('the contexts of a chain as bytes', () => {
  /** Members come and go, certificates and an epoch change, as the numbers say. */
  function grown(steps: readonly number[]): Chain {
    const one = new Chain(5, { epochAfter: 6 });
    for (const step of steps) {
      const members = one.tip.members.map((member) => ids.indexOf(member.id));
      const outside = [5, 6, 7, 8].find((n) => !members.includes(n));
      const { round, record } = one.tip;
      const some = one.tip.members[step % members.length];
      const lost = one.tip.members.find(({ missed }) => missed >= absencesAllowed);
      const word =
        some === undefined
          ? []
          : [goodbye(ids.indexOf(some.id), { joined: some.joinedRound, round, record })];
      const everyone = votersOf(one.tip).map((voter) => ids.indexOf(voter.id));
      const changes = [
        {},
        outside === undefined ? {} : joining(outside),
        lost === undefined ? {} : { absent: [lost.id] },
        members.length > 2 ? { goodbyes: word } : {},
        one.tip.round > one.tip.certified ? { certificate: one.votes(one.tip.round, everyone) } : {},
        { authors: members.slice(1).map(id), bodies: digest(step) },
        { snapshot: { round: one.tip.round, root: digest(step) } },
        { epochChange: true },
      ];
      const change = changes[step % changes.length] ?? {};
      if (one.problem(change) === undefined) one.add(change);
    }
    return one;
  }
  const steps = fc.array(fc.nat(200), { minLength: 1, maxLength: 25 });

  test('come back as they were (seed 31)', () => {
    fc.assert(
      fc.property(steps, fc.nat(10), (all, from) => {
        const { contexts } = grown(all);
        const some = contexts.slice(Math.min(from, contexts.length - 1));
        const decoded = decodeContexts(encodeContexts(some));
        expect(decoded.ok && decoded.value).toEqual(some);
      }),
      { seed: 31, numRuns: fuzzRounds(30) },
    );
  });

  test('are the same bytes at whoever followed the chain', () => {
    const [a, b] = [grown([3, 1, 4, 1, 5, 9, 2, 6]), grown([3, 1, 4, 1, 5, 9, 2, 6])];
    expect(encodeContexts(a.contexts)).toEqual(encodeContexts(b.contexts));
  });

  test('mutated, truncated and lengthened are decoded or refused, never thrown, and what is accepted is a chain (seed 32)', () => {
    let got = 0;
    let refused = 0;
    const mutation = fc.tuple(fc.nat(100_000), fc.nat(255));
    fc.assert(
      fc.property(steps, fc.array(mutation, { minLength: 1, maxLength: 3 }), (all, mutations) => {
        const bytes = encodeContexts(grown(all).contexts);
        for (const [at, value] of mutations) bytes[at % bytes.length] = value;
        const decoded = decodeContexts(bytes);
        if (!decoded.ok) {
          expect(decoded.reason).toBe('snapshot-context');
          refused++;
          return;
        }
        got++;
        for (const [i, context] of decoded.value.entries()) {
          const before = decoded.value[i - 1];
          if (before !== undefined)
            expect(context).toMatchObject({ round: before.round + 1, parent: before.record });
          expect(context.final).toBeLessThanOrEqual(context.certified);
          expect(context.certified).toBeLessThanOrEqual(context.round);
          const listed = context.members.map((member) => member.id);
          expect(listed).toEqual([...new Set(listed)].sort());
        }
        expect(equalBytes(encodeContexts(decoded.value), bytes), 'one form only').toBe(true);
      }),
      { seed: 32, numRuns: fuzzRounds(200) },
    );
    expect(got).toBeGreaterThan(30);
    expect(refused).toBeGreaterThan(30);
    const whole = encodeContexts(grown([1, 2, 3]).contexts);
    for (let length = 0; length < whole.length; length++)
      expect(decodeContexts(whole.slice(0, length)).ok).toBe(false);
    expect(decodeContexts(concatBytes(whole, new Uint8Array(1))).ok).toBe(false);
  });

  test('random bytes and lists without end are refused (seed 33)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        decodeContexts(new Uint8Array(bytes));
      }),
      { seed: 33, numRuns: fuzzRounds(1_000) },
    );
    expect(decodeContexts(new Uint8Array([0])).ok).toBe(false); // no context at all
    const long = new Chain(1);
    for (let round = 1; round <= contextWindow + 2; round++) long.add();
    expect(decodeContexts(encodeContexts(long.contexts)).ok).toBe(false);
    expect(decodeContexts(encodeContexts(long.contexts.slice(-contextWindow))).ok).toBe(true);
  });

  test.each<[string, Partial<ChainContext>]>([
    ['a gap', { round: 9 }],
    ['another parent', { parent: digest(5) }],
    ['a final round above the certified one', { final: 2, certified: 1 }],
    ['a certified round to come', { certified: 7 }],
    ['no members', { members: [] }],
    ['no electorate', { electorates: [] }],
    ['nobody who may vote on it', { ballot: [] }],
  ])('with %s are refused', (_, change) => {
    const one = new Chain(3);
    one.add();
    one.add();
    const [first, second, third] = one.contexts;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three contexts');
    expect(decodeContexts(encodeContexts([first, second, third])).ok).toBe(true);
    expect(decodeContexts(encodeContexts([first, second, { ...third, ...change }]))).toEqual({
      ok: false,
      reason: 'snapshot-context',
    });
  });
});
