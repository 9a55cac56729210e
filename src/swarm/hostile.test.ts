import { afterEach, describe, expect, test } from 'vitest';
import { concatBytes, toHex, type Bytes } from '../base/bytes.ts';
import type { Digest, PeerId, RunId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import { fakeCrypto, fakeSigner } from '../testing/fake-crypto.ts';
import { fuzzRounds } from '../testing/long.ts';
import { SwarmWorld } from '../testing/swarm-world.ts';
import { encodeUnsigned } from './protocol-codec.ts';
import {
  limits,
  signedBytes,
  type ContributionMessage,
  type RecordMessage,
  type SignedMessage,
} from './protocol.ts';

let world: SwarmWorld;
afterEach(() => {
  world.close();
});

const stranger = 90;
const state = '0'.repeat(32);

/** Signed by signer `n`, whoever the message says it is from. */
async function signed(message: SignedMessage, n: number, run: RunId = world.rules.runId): Promise<Bytes> {
  const unsigned = encodeUnsigned(message);
  return concatBytes(unsigned, await fakeSigner(n).sign(signedBytes(run, unsigned)));
}
const contribution = (change: Partial<ContributionMessage> = {}): ContributionMessage => ({
  kind: 'contribution',
  round: 1,
  author: fakeSigner(1).id,
  weight: 4,
  tokens: 256,
  loss: 5,
  validationLoss: undefined,
  payload: new Uint8Array([1, 2, 3]),
  ...change,
});
const recordOf = (change: Partial<RecordMessage> = {}): RecordMessage => ({
  kind: 'record',
  round: 1,
  parent: world.volunteers[0]?.records.get(0)?.digest ?? headDigest(),
  leader: fakeSigner(1).id,
  parentState: state,
  contributions: [],
  joinKeys: [],
  leaves: [],
  ...change,
});
let genesis: Digest;
const headDigest = (): Digest => genesis;
const digestOf = async (raw: Bytes): Promise<Digest> => toHex(await fakeCrypto.sha256(raw)) as Digest;

/** Two members that train for 2 s, so that round 1 stays open, and a stranger linked to both. */
async function openRound(): Promise<(bytes: Bytes) => void> {
  world = new SwarmWorld({ seed: 91, minMembers: 2, roundDeadlineMs: 20_000 });
  const { transport } = world.stranger(stranger);
  transport.listen((event) => {
    if (event.kind === 'message') void remember(event.bytes);
  });
  const [first] = [world.join([2_000, 2_000]), world.join([2_000, 2_000])];
  await world.until('round 1 is open', () => world.live.every((one) => one.round === 0), 1_500);
  transport.send(first.id, hello());
  await world.pass(50);
  return (bytes) => {
    transport.send(first.id, bytes);
  };
}
async function remember(bytes: Bytes): Promise<void> {
  if ((bytes[0] ?? 0) % 32 === 4) genesis = await digestOf(bytes);
}
const hello = (n = stranger): Bytes =>
  encodeUnsigned({
    kind: 'hello',
    publicKey: fakeSigner(n).publicKey,
    head: undefined,
    oldest: undefined,
    wantsMembership: false,
  });

const cases: [string, string, () => Bytes | Promise<Bytes>][] = [
  ['bytes of no kind', 'message-unknown-kind', () => new Uint8Array([32 + 31, 1, 2])],
  ['another protocol version', 'protocol-version', () => new Uint8Array([255, 1])],
  ['a truncated contribution', 'contribution-malformed', () => new Uint8Array([34, 1, 2])],
  ["a hello with another's key", 'hello-wrong-key', () => hello(1)],
  ['a contribution signed by another', 'contribution-signature', () => signed(contribution(), stranger)],
  [
    'a contribution of another run',
    'contribution-signature',
    () => signed(contribution(), 1, 'cd'.repeat(32) as RunId),
  ],
  [
    'a contribution by a stranger',
    'contribution-by-a-stranger',
    () => signed(contribution({ author: fakeSigner(stranger).id }), stranger),
  ],
  ['a contribution of a round far ahead', 'round-far-ahead', () => signed(contribution({ round: 1_000 }), 1)],
  [
    'a payload that does not decode',
    'payload: not a payload',
    () => signed(contribution({ payload: new Uint8Array(3) }), 1),
  ],
  [
    'a payload that is too long',
    'payload-too-long',
    () => signed(contribution({ payload: new Uint8Array(1_001) }), 1),
  ],
  [
    'a record by a stranger',
    'record-other-parent',
    () => signed(recordOf({ leader: fakeSigner(stranger).id, parent: 'aa'.repeat(32) as Digest }), stranger),
  ],
  ['a record signed by another', 'record-signature', () => signed(recordOf(), stranger)],
  [
    'a record on another parent',
    'record-other-parent',
    () => signed(recordOf({ parent: 'aa'.repeat(32) as Digest }), 1),
  ],
  [
    'a record with a stranger as leader',
    'record-leader-not-a-member',
    () => signed(recordOf({ leader: fakeSigner(stranger).id }), stranger),
  ],
  [
    'a record that nobody could sign',
    'record-leader-not-a-member',
    () => signed(recordOf({ leader: fakeSigner(55).id }), 55),
  ],
  [
    'a record after which nobody is left',
    'record-leaves-nobody',
    () => signed(recordOf({ leaves: [fakeSigner(0).id, fakeSigner(1).id] }), 1),
  ],
  [
    'a record that joins a member',
    'record-joins-a-member',
    () => signed(recordOf({ joinKeys: [fakeSigner(0).publicKey] }), 1),
  ],
  [
    'a have from a stranger',
    'have-from-a-stranger',
    () => encodeUnsigned({ kind: 'have', round: 1, digest: 'aa'.repeat(32) as Digest }),
  ],
  [
    'a confirm with a wrong signature',
    'confirm-signature',
    () => signed({ kind: 'confirm', round: 0, record: genesis, state }, 1),
  ],
  [
    'a confirm of a round far ahead',
    'round-far-ahead',
    () => signed({ kind: 'confirm', round: 500, record: genesis, state }, stranger),
  ],
  [
    'a join for another',
    'join-for-another',
    () => signed({ kind: 'join', round: 0, publicKey: fakeSigner(7).publicKey }, 7),
  ],
  [
    'a join with a wrong signature',
    'join-signature',
    () => signed({ kind: 'join', round: 0, publicKey: fakeSigner(stranger).publicKey }, 7),
  ],
  [
    'an old join',
    'join-stale',
    () => signed({ kind: 'join', round: 70, publicKey: fakeSigner(stranger).publicKey }, stranger),
  ],
  [
    'a leave for another',
    'leave-for-another',
    () => signed({ kind: 'leave', round: 0, author: fakeSigner(1).id }, 1),
  ],
  [
    'a snapshot nobody asked for',
    'snapshot-unasked',
    () => encodeUnsigned({ kind: 'snapshot', round: 1, record: genesis, state, totalBytes: 1, members: [] }),
  ],
  [
    'a piece nobody asked for',
    'piece-unasked',
    () => encodeUnsigned({ kind: 'piece', round: 1, index: 0, bytes: new Uint8Array(1) }),
  ],
];

describe('what a hostile peer sends', () => {
  test.each(cases)('%s is refused as %s, counted, and changes nothing', async (_, reason, make) => {
    const send = await openRound();
    send(await make());
    await world.pass(60);
    expect(world.volunteers[0]?.swarm.view().rejections).toEqual({ [reason]: 1 });
    await world.reaches(4);
    expect(world.disagreements()).toEqual([]);
    for (const one of world.volunteers) expect(one.records.get(3)?.contributions.length).toBe(2);
  });

  test('a second contribution and a second record of one member are refused, the first ones stand', async () => {
    const send = await openRound();
    const first = await signed(contribution({ payload: new Uint8Array([1, 1]) }), 1);
    send(first);
    send(first);
    send(await signed(contribution({ payload: new Uint8Array([1, 2]) }), 1));
    // Named bodies that do not exist keep both records from being accepted.
    const missing = (letter: string): RecordMessage['contributions'] => [
      {
        author: fakeSigner(0).id,
        digest: letter.repeat(64) as Digest,
        weight: 1,
        tokens: 1,
        loss: 1,
        validationLoss: undefined,
      },
    ];
    send(await signed(recordOf({ contributions: missing('a') }), 1));
    send(await signed(recordOf({ contributions: missing('b') }), 1));
    await world.pass(60);
    expect(world.volunteers[0]?.swarm.view().rejections).toEqual({
      'second-contribution': 1,
      'two-records': 1,
    });
  });

  test('a record that misquotes a contribution is refused', async () => {
    const send = await openRound();
    const body = await signed(contribution(), 1);
    send(body);
    const { round: _round, kind: _kind, payload: _payload, ...quoted } = contribution({ tokens: 9_999 });
    send(await signed(recordOf({ contributions: [{ ...quoted, digest: await digestOf(body) }] }), 1));
    await world.pass(60);
    expect(world.volunteers[0]?.swarm.view().rejections).toEqual({ 'record-misquotes': 1 });
  });

  test('a member that sends a different record for a decided round is refused', async () => {
    const send = await openRound();
    await world.reaches(2);
    send(await signed(recordOf(), 1));
    await world.pass(60);
    expect(world.volunteers[0]?.swarm.view().rejections).toEqual({ 'record-conflicts': 1 });
    await world.reaches(4);
    expect(world.disagreements()).toEqual([]);
  });

  test('a flood is cut off, and the rest of the swarm trains on', async () => {
    const send = await openRound();
    const random = new SeededRandom(92);
    for (let i = 0; i < 5_000; i++) {
      send(
        Uint8Array.from({ length: 40 }, (_, at) => (at === 0 ? 32 + random.below(32) : random.u32() & 255)),
      );
    }
    await world.pass(60);
    const { rejections } = world.volunteers[0]?.swarm.view() ?? { rejections: {} };
    expect(rejections['inbox-full']).toBeGreaterThan(1_000);
    await world.reaches(4);
    expect(world.disagreements()).toEqual([]);
  });

  test('messages of every kind, mutated, leave two members in step (seeds from 1)', async () => {
    for (let seed = 1; seed <= fuzzRounds(20); seed++) {
      world = new SwarmWorld({ seed, minMembers: 2 });
      const { transport } = world.stranger(stranger);
      const heard: Bytes[] = [];
      transport.listen((event) => {
        if (event.kind === 'message') heard.push(event.bytes);
      });
      const [a, b] = [world.join(), world.join()];
      await world.reaches(2);
      const targets: PeerId[] = [a.id, b.id];
      for (let step = 0; step < 60; step++) {
        const message = heard[world.random.below(heard.length)]?.slice();
        if (message !== undefined) {
          for (let i = world.random.below(4); i > 0; i--)
            message[world.random.below(message.length)] = world.random.below(256);
          for (const target of targets) transport.send(target, message);
        }
        transport.send(a.id, encodeUnsigned({ kind: 'want-record', round: world.random.below(40) }));
        await world.pass(10);
      }
      await world.reaches(20);
      expect(world.disagreements(), `seed ${seed}`).toEqual([]);
      expect(world.live.length, `seed ${seed}`).toBe(2);
      world.close();
    }
  });

  test('a snapshot larger than the rules allow, or empty, is refused and another member is asked', async () => {
    world = new SwarmWorld({ seed: 93 });
    world.join();
    await world.reaches(12);
    const liar = world.stranger(stranger);
    const asked: PeerId[] = [];
    liar.transport.listen((event) => {
      if (event.kind === 'peer-up')
        liar.transport.send(
          event.peer,
          encodeUnsigned({
            kind: 'hello',
            publicKey: fakeSigner(stranger).publicKey,
            head: 500,
            oldest: 490,
            wantsMembership: false,
          }),
        );
      if (event.kind !== 'message' || (event.bytes[0] ?? 0) % 32 !== 10) return;
      asked.push(event.peer);
      liar.transport.send(
        event.peer,
        encodeUnsigned({
          kind: 'snapshot',
          round: 499,
          record: 'aa'.repeat(32) as Digest,
          state,
          totalBytes: limits.snapshotBytes,
          members: [{ publicKey: fakeSigner(stranger).publicKey, joinedRound: 0 }],
        }),
      );
    });
    const late = world.join();
    await world.until('the latecomer is a member', () => late.swarm.view().isMember, 40_000);
    expect(late.entries).toEqual(['snapshot']);
    const refused = late.swarm.view().rejections['snapshot-too-long'] ?? 0;
    expect(refused).toBe(asked.length);
    expect(world.disagreements()).toEqual([]);
  });
});
