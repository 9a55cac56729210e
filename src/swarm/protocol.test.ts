import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, equalBytes, type Bytes } from '../base/bytes.ts';
import type { Digest, PeerId, RunId } from '../base/ids.ts';
import { fuzzRounds } from '../testing/long.ts';
import { decodeMessage, encodeUnsigned } from './protocol-codec.ts';
import { isSignedKind, kindNumbers, limits, signedBytes, type Kind, type Message } from './protocol.ts';

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((all) => Buffer.from(all).toString('hex'));
const blob = (min: number, max: number) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((all) => new Uint8Array(all));
const round = fc.integer({ min: 0, max: limits.round });
const loss = fc.float({ min: 0, max: 100, noNaN: true }).map((x) => Math.abs(x));
const measures = {
  weight: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const),
  tokens: fc.integer({ min: 0, max: limits.tokens }),
  loss,
  validationLoss: fc.option(loss, { nil: undefined }),
};
const peer = hex(16).map((id) => id as PeerId);
const digest = hex(32).map((id) => id as Digest);
const key = blob(32, 32);
const few = { maxLength: 5 };
const arbitraries: { [K in Kind]: fc.Arbitrary<Extract<Message, { kind: K }>> } = {
  hello: fc.record({
    kind: fc.constant('hello' as const),
    publicKey: key,
    head: fc.option(round, { nil: undefined }),
    oldest: fc.option(round, { nil: undefined }),
    wantsMembership: fc.boolean(),
  }),
  contribution: fc.record({
    kind: fc.constant('contribution' as const),
    round,
    author: peer,
    ...measures,
    payload: blob(0, 600),
  }),
  have: fc.record({ kind: fc.constant('have' as const), round, digest }),
  record: fc.record({
    kind: fc.constant('record' as const),
    round,
    parent: digest,
    leader: peer,
    parentState: hex(16),
    contributions: fc.array(fc.record({ author: peer, digest, ...measures }), few),
    joinKeys: fc.array(key, few),
    leaves: fc.array(peer, few),
  }),
  confirm: fc.record({ kind: fc.constant('confirm' as const), round, record: digest, state: hex(16) }),
  join: fc.record({ kind: fc.constant('join' as const), round, publicKey: key }),
  leave: fc.record({ kind: fc.constant('leave' as const), round, author: peer }),
  'want-contribution': fc.record({ kind: fc.constant('want-contribution' as const), round, digest }),
  'want-record': fc.record({ kind: fc.constant('want-record' as const), round }),
  'want-snapshot': fc.record({ kind: fc.constant('want-snapshot' as const) }),
  snapshot: fc.record({
    kind: fc.constant('snapshot' as const),
    round,
    record: digest,
    state: hex(16),
    totalBytes: fc.integer({ min: 0, max: limits.snapshotBytes }),
    members: fc.array(fc.record({ publicKey: key, joinedRound: round }), few),
  }),
  'want-piece': fc.record({ kind: fc.constant('want-piece' as const), round, index: round }),
  piece: fc.record({ kind: fc.constant('piece' as const), round, index: round, bytes: blob(1, 300) }),
};
const kinds = Object.keys(kindNumbers) as Kind[];
const anyMessage: fc.Arbitrary<Message> = fc.oneof(...kinds.map((kind) => arbitraries[kind]));
const onWire = (message: Message): Bytes => {
  const unsigned = encodeUnsigned(message);
  return isSignedKind(message.kind) ? concatBytes(unsigned, new Uint8Array(64).fill(0xaa)) : unsigned;
};

describe('the protocol', () => {
  test.each(kinds)('%s comes back as it was sent (seed 1)', (kind) => {
    fc.assert(
      fc.property(arbitraries[kind], (message) => {
        const bytes = onWire(message);
        const decoded = decodeMessage(bytes);
        expect(decoded.ok && decoded.value.message).toEqual(message);
        if (!decoded.ok) return;
        expect(decoded.value.signature?.length).toBe(isSignedKind(kind) ? 64 : undefined);
        expect(equalBytes(decoded.value.unsigned, encodeUnsigned(message))).toBe(true);
      }),
      { seed: 1, numRuns: fuzzRounds(100) },
    );
  });

  test('a contribution costs at most 99 bytes besides its payload, validation loss and signature included', () => {
    const message: Message = {
      kind: 'contribution',
      round: 16_383,
      author: 'ab'.repeat(16) as PeerId,
      weight: 4,
      tokens: 16_383,
      loss: 5.5,
      validationLoss: 5.25,
      payload: new Uint8Array(577),
    };
    expect(onWire(message).length - 577).toBeLessThanOrEqual(99);
    expect((4 * 164_160) / onWire(message).length).toBeGreaterThan(950);
  });

  test('truncated and lengthened messages are refused (seed 2)', () => {
    // A contribution and a piece end in free bytes, so only their heads can be cut visibly.
    const sized = fc.oneof(
      ...kinds.filter((kind) => kind !== 'contribution' && kind !== 'piece').map((kind) => arbitraries[kind]),
    );
    fc.assert(
      fc.property(sized, fc.nat(1_000_000), (message, cut) => {
        const bytes = onWire(message);
        expect(decodeMessage(bytes.subarray(0, cut % bytes.length)).ok).toBe(false);
        expect(decodeMessage(concatBytes(bytes, new Uint8Array(1))).ok).toBe(false);
      }),
      { seed: 2, numRuns: fuzzRounds(500) },
    );
  });

  test('mutated messages are decoded or refused, never thrown, and what is accepted is in range (seed 3)', () => {
    let got = 0;
    const mutation = fc.tuple(fc.nat(2_000), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(anyMessage, fc.array(mutation, { minLength: 1, maxLength: 3 }), (message, mutations) => {
        const bytes = onWire(message);
        for (const [at, value] of mutations)
          if (bytes.length > 1) bytes[1 + (at % (bytes.length - 1))] = value;
        const decoded = decodeMessage(bytes);
        if (!decoded.ok) {
          expect(decoded.reason).toMatch(/^[a-z-]+$/);
          return;
        }
        got++;
        const { message: out } = decoded.value;
        if ('round' in out) expect(out.round).toBeLessThanOrEqual(limits.round);
        if (out.kind === 'contribution') {
          expect(out.loss >= 0 && out.loss <= 100).toBe(true);
          expect(out.tokens).toBeLessThanOrEqual(limits.tokens);
          expect([1, 2, 3, 4]).toContain(out.weight);
        }
      }),
      { seed: 3, numRuns: fuzzRounds(3_000) },
    );
    expect(got).toBeGreaterThan(1_000); // or the mutations only ever hit the first guard
  });

  test('random bytes are refused or decoded, never thrown (seed 4)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        if (bytes.length > 0) bytes[0] = ((bytes[0] ?? 0) & 31) | 32;
        decodeMessage(bytes);
      }),
      { seed: 4, numRuns: fuzzRounds(3_000) },
    );
  });

  test('a message inside a larger buffer does not read past its own end', () => {
    const have = encodeUnsigned({ kind: 'have', round: 1, digest: '11'.repeat(32) as Digest });
    const larger = concatBytes(have, have);
    expect(decodeMessage(larger.subarray(0, have.length)).ok).toBe(true);
    expect(decodeMessage(larger.subarray(0, have.length - 1)).ok).toBe(false);
  });

  test.each([
    ['an empty message', new Uint8Array(0), 'message-empty'],
    ['another protocol version', new Uint8Array([(2 << 5) | 3]), 'protocol-version'],
    ['an unknown kind', new Uint8Array([(1 << 5) | 31]), 'message-unknown-kind'],
    ['a record of nothing', new Uint8Array([(1 << 5) | 4]), 'record-malformed'],
  ])('%s is refused by name', (_, bytes, reason) => {
    expect(decodeMessage(bytes)).toEqual({ ok: false, reason });
  });

  test.each([NaN, Infinity, -1, 100.5])('a loss of %d is refused', (value) => {
    const bytes = onWire({
      kind: 'contribution',
      round: 1,
      author: '00'.repeat(16) as PeerId,
      weight: 1,
      tokens: 1,
      loss: value,
      validationLoss: undefined,
      payload: new Uint8Array(4),
    });
    expect(decodeMessage(bytes)).toEqual({ ok: false, reason: 'contribution-malformed' });
  });

  test('what is signed differs by run', () => {
    const unsigned = encodeUnsigned({ kind: 'want-record', round: 1 });
    const [a, b] = ['aa'.repeat(32) as RunId, 'bb'.repeat(32) as RunId];
    expect(equalBytes(signedBytes(a, unsigned), signedBytes(b, unsigned))).toBe(false);
  });
});
