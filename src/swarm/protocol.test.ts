import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, equalBytes, type Bytes } from '../base/bytes.ts';
import type { Digest, PeerId, RunId } from '../base/ids.ts';
import { fuzzRounds } from '../testing/long.ts';
import { decodeMessage, encodeUnsigned } from './protocol-codec.ts';
import {
  isSignedKind,
  kindNumbers,
  limits,
  protocolVersion,
  signedBytes,
  type Kind,
  type Message,
  type RecordMessage,
} from './protocol.ts';

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
/** As a bitmap can hold them. */
const indices = fc
  .uniqueArray(fc.nat(limits.members - 1), { maxLength: 20 })
  .map((all) => all.sort((a, b) => a - b));
const arbitraries: { [K in Kind]: fc.Arbitrary<Extract<Message, { kind: K }>> } = {
  hello: fc.record({
    kind: fc.constant('hello' as const),
    publicKey: key,
    wantsMembership: fc.boolean(),
    stand: fc.option(
      fc.record({
        ...{ head: round, tip: digest, final: round },
        oldest: fc.integer({ min: 0, max: limits.round + 1 }),
        epoch: fc.integer({ min: 0, max: limits.epoch }),
      }),
      { nil: undefined },
    ),
  }),
  contribution: fc.record({
    kind: fc.constant('contribution' as const),
    round,
    author: peer,
    ...measures,
    payload: blob(0, 600),
  }),
  have: fc.record({ kind: fc.constant('have' as const), round, digest }),
  record: round.chain((at) =>
    fc
      .record({
        ...{ kind: fc.constant('record' as const), round: fc.constant(at), parent: digest, leader: peer },
        parentState: hex(16),
        counted: fc.option(
          fc.record({ authors: indices.filter(({ length }) => length > 0), bodies: digest }),
          { nil: undefined },
        ),
        joinKeys: fc.array(key, few),
        goodbyes: fc.array(
          fc.record({ author: peer, joined: round, round, record: digest, signature: blob(64, 64) }),
          few,
        ),
        absent: fc.array(peer, few),
        certificate: fc.option(
          fc.record({
            round: fc.integer({ min: 0, max: at }),
            state: hex(16),
            votes: indices.chain((voters) =>
              fc.tuple(
                ...voters.map((voter) =>
                  fc.record({ voter: fc.constant(voter), clean: fc.boolean(), signature: blob(64, 64) }),
                ),
              ),
            ),
          }),
          { nil: undefined },
        ),
        snapshot: fc.option(fc.record({ round, root: digest }), { nil: undefined }),
        epochChange: fc.boolean(),
      })
      .map(({ counted, ...rest }) => ({ ...rest, ...(counted ?? { authors: [], bodies: undefined }) })),
  ),
  confirm: fc.record({
    kind: fc.constant('confirm' as const),
    round,
    record: digest,
    state: hex(16),
    clean: fc.boolean(),
  }),
  join: fc.record({ kind: fc.constant('join' as const), round, publicKey: key }),
  leave: fc.record({
    kind: fc.constant('leave' as const),
    round,
    record: digest,
    joined: round,
    author: peer,
  }),
  'want-contribution': fc.record({ kind: fc.constant('want-contribution' as const), round, digest }),
  'want-record': fc.record({ kind: fc.constant('want-record' as const), round }),
  'want-snapshot': fc.record({ kind: fc.constant('want-snapshot' as const) }),
  'want-named': fc.record({ kind: fc.constant('want-named' as const), round, record: digest }),
  named: fc.record({
    ...{ kind: fc.constant('named' as const), round, record: digest },
    digests: fc.array(digest, few),
  }),
  snapshot: fc.integer({ min: 1, max: 5 * limits.pieceBytes }).chain((totalBytes) => {
    const pieces = Math.ceil(totalBytes / limits.pieceBytes);
    return fc.record({
      ...{ kind: fc.constant('snapshot' as const), round, record: digest, state: hex(16) },
      totalBytes: fc.constant(totalBytes),
      leaves: fc.array(key, { minLength: pieces, maxLength: pieces }),
      context: blob(0, 300),
    });
  }),
  'want-piece': fc.record({ kind: fc.constant('want-piece' as const), root: digest, index: round }),
  piece: fc.record({ kind: fc.constant('piece' as const), root: digest, index: round, bytes: blob(1, 300) }),
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
    // These end in free bytes, so only their heads can be cut visibly.
    const open: readonly Kind[] = ['contribution', 'piece', 'snapshot'];
    const sized = fc.oneof(...kinds.filter((kind) => !open.includes(kind)).map((kind) => arbitraries[kind]));
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
        if (out.kind === 'record') {
          expect(out.authors.length > 0).toBe(out.bodies !== undefined);
          for (const index of out.authors) expect(index).toBeLessThan(limits.members);
          expect(out.certificate?.round ?? 0).toBeLessThanOrEqual(out.round);
        }
      }),
      { seed: 3, numRuns: fuzzRounds(3_000) },
    );
    expect(got).toBeGreaterThan(1_000); // or the mutations only ever hit the first guard
  });

  test('random bytes are refused or decoded, never thrown (seed 4)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        if (bytes.length > 0) bytes[0] = ((bytes[0] ?? 0) & 31) | (protocolVersion << 5);
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
    ['another protocol version', new Uint8Array([(1 << 5) | 3]), 'protocol-version'],
    ['an unknown kind', new Uint8Array([(protocolVersion << 5) | 31]), 'message-unknown-kind'],
    ['a record of nothing', new Uint8Array([(protocolVersion << 5) | 4]), 'record-malformed'],
  ])('%s is refused by name', (_, bytes, reason) => {
    expect(decodeMessage(bytes)).toEqual({ ok: false, reason });
  });

  const record: RecordMessage = {
    ...{ kind: 'record', round: 9, parent: '11'.repeat(32) as Digest, leader: '22'.repeat(16) as PeerId },
    ...{ parentState: '33'.repeat(16), authors: [0, 9], bodies: '44'.repeat(32) as Digest },
    ...{ joinKeys: [], goodbyes: [], absent: [], snapshot: undefined, epochChange: false },
    certificate: {
      ...{ round: 8, state: '33'.repeat(16) },
      votes: [{ voter: 1, clean: true, signature: new Uint8Array(64) }],
    },
  };
  const flagsAt = 1 + 1 + 32 + 16 + 16;
  const changed = (at: number, value: number): Bytes => {
    const bytes = onWire(record);
    bytes[at] = value;
    return bytes;
  };

  test('a record of 16 members without a certificate costs at most 170 bytes, and 64 for each vote it carries', () => {
    const authors = Array.from({ length: 16 }, (_, i) => i);
    const plain = onWire({ ...record, round: 16_383, authors, certificate: undefined });
    expect(plain.length).toBeLessThanOrEqual(170);
    const votes = authors
      .slice(0, 11)
      .map((voter) => ({ voter, clean: true, signature: new Uint8Array(64) }));
    const certified = onWire({
      ...record,
      ...{ round: 16_383, authors, certificate: { round: 16_382, state: '33'.repeat(16), votes } },
    });
    expect(certified.length - plain.length - 64 * 11).toBeLessThanOrEqual(23);
  });

  test.each([
    ['flags that mean nothing', () => changed(flagsAt, 32 | 3)],
    ['a bitmap of authors that ends in a zero byte', () => changed(flagsAt + 3, 0)],
    ['contributions by nobody', () => onWire({ ...record, authors: [] })],
    ['a certificate of a later round', () => changed(flagsAt + 36, 10)],
    [
      'a clean vote that is no vote',
      () => changed(flagsAt + 36 + 1 + 16 + 2 + 1, 2), // the second of one vote
    ],
  ])('a record with %s is refused', (_, make) => {
    expect(decodeMessage(onWire(record)).ok).toBe(true);
    expect(decodeMessage(make())).toEqual({ ok: false, reason: 'record-malformed' });
  });

  // What a certificate quotes is encoded anew before its signature is verified: a second form of one message would
  // let one member spoil the certificates of honest leaders.
  test.each<Message>([
    { kind: 'confirm', round: 1, record: '11'.repeat(32) as Digest, state: '22'.repeat(16), clean: true },
    {
      ...{ kind: 'leave', round: 1, record: '11'.repeat(32) as Digest, joined: 0 },
      author: '22'.repeat(16) as PeerId,
    },
  ])('$kind has one form only: a number written in more bytes than it needs is refused', (message) => {
    const bytes = onWire(message);
    const longer = concatBytes(bytes.slice(0, 1), new Uint8Array([0x81, 0]), bytes.slice(2));
    expect(decodeMessage(bytes).ok).toBe(true);
    expect(decodeMessage(longer)).toEqual({ ok: false, reason: `${message.kind}-malformed` });
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
