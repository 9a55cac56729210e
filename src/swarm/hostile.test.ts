import { afterEach, describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex, type Bytes } from '../base/bytes.ts';
import type { Digest, PeerId, RunId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import { fakeCrypto, fakeSigner } from '../testing/fake-crypto.ts';
import { fuzzRounds } from '../testing/long.ts';
import { SwarmWorld, type WorldOptions } from '../testing/swarm-world.ts';
import { decodeMessage, encodeUnsigned } from './protocol-codec.ts';
import {
  signedBytes,
  type ContributionMessage,
  type Goodbye,
  type LeaveMessage,
  type Message,
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
  parent: genesis,
  leader: fakeSigner(1).id,
  parentState: state,
  ...{ authors: [], bodies: undefined, joinKeys: [], goodbyes: [], absent: [] },
  ...{ certificate: undefined, snapshot: undefined, epochChange: false },
  ...change,
});
let genesis: Digest;
const digestOf = async (raw: Bytes): Promise<Digest> => toHex(await fakeCrypto.sha256(raw)) as Digest;

/** Two members that train for 2 s, so that round 1 stays open, and a stranger linked to both. */
async function openRound(options: Partial<WorldOptions> = {}): Promise<(bytes: Bytes) => void> {
  world = new SwarmWorld({ seed: 91, minMembers: 2, roundDeadlineMs: 20_000, ...options });
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
  const decoded = decodeMessage(bytes);
  if (decoded.ok && decoded.value.message.kind === 'record' && decoded.value.message.round === 0)
    genesis = await digestOf(bytes);
}
const hello = (n = stranger): Bytes =>
  encodeUnsigned({
    kind: 'hello',
    publicKey: fakeSigner(n).publicKey,
    stand: undefined,
    wantsMembership: false,
  });

const goodbyeOf = (n: number): Goodbye => ({
  ...{ author: fakeSigner(n).id, joined: 0, round: 0, record: genesis, signature: new Uint8Array(64) },
});
const leaveOf = (n: number): LeaveMessage => ({
  ...{ kind: 'leave', author: fakeSigner(n).id, joined: 0, round: 0, record: genesis },
});

const cases: [string, string, () => Bytes | Promise<Bytes>][] = [
  ['bytes of no kind', 'message-unknown-kind', () => new Uint8Array([64 + 31, 1, 2])],
  ['another protocol version', 'protocol-version', () => new Uint8Array([255, 1])],
  ['a truncated contribution', 'contribution-malformed', () => new Uint8Array([66, 1, 2])],
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
  ['a record signed by another', 'record-signature', () => signed(recordOf(), stranger)],
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
    () =>
      signed(recordOf({ goodbyes: [0, 1].map(goodbyeOf).sort((a, b) => (a.author < b.author ? -1 : 1)) }), 1),
  ],
  [
    'a record that lists who is here as absent',
    'record-leaves-the-present',
    () => signed(recordOf({ absent: [fakeSigner(0).id] }), 1),
  ],
  ['a record of a round far ahead', 'round-far-ahead', () => signed(recordOf({ round: 1_000 }), 1)],
  [
    'a record that joins a member',
    'record-joins-a-member',
    () => signed(recordOf({ joinKeys: [fakeSigner(0).publicKey] }), 1),
  ],
  [
    'a record that joins a peer twice',
    'record-joins-twice',
    () => signed(recordOf({ joinKeys: [fakeSigner(7).publicKey, fakeSigner(7).publicKey] }), 1),
  ],
  [
    'a record that lets a stranger leave',
    'record-leaves-a-stranger',
    () => signed(recordOf({ absent: [fakeSigner(7).id] }), 1),
  ],
  [
    'a record that counts an author who is no member',
    'record-names-a-stranger',
    () => signed(recordOf({ authors: [2], bodies: 'aa'.repeat(32) as Digest }), 1),
  ],
  [
    'a record with a goodbye that its author did not sign',
    'record-quotes-a-false-signature',
    () => signed(recordOf({ goodbyes: [goodbyeOf(0)] }), 1),
  ],
  [
    'a record with a goodbye that names another chain',
    'record-goodbye-off-chain',
    () => signed(recordOf({ goodbyes: [{ ...goodbyeOf(0), record: 'aa'.repeat(32) as Digest }] }), 1),
  ],
  [
    'a record with the goodbye of an earlier membership',
    'record-goodbye-stale',
    () => signed(recordOf({ goodbyes: [{ ...goodbyeOf(0), joined: 5 }] }), 1),
  ],
  [
    'a record with a certificate that is not new',
    'record-certificate-round',
    () => signed(recordOf({ certificate: { round: 0, state, votes: [] } }), 1),
  ],
  [
    'a record with an epoch change while nobody has vanished',
    'record-epoch-early',
    () => signed(recordOf({ epochChange: true }), 1),
  ],
  [
    'a record that names a snapshot still to come',
    'record-snapshot-round',
    () => signed(recordOf({ snapshot: { round: 1, root: 'aa'.repeat(32) as Digest } }), 1),
  ],
  [
    'a hello that keeps rounds it says not to have',
    'hello-malformed',
    () =>
      encodeUnsigned({
        ...{ kind: 'hello', publicKey: fakeSigner(stranger).publicKey, wantsMembership: false },
        stand: { head: 3, tip: genesis, oldest: 5, final: 0, epoch: 0 },
      }),
  ],
  [
    'a have from a stranger',
    'have-from-a-stranger',
    () => encodeUnsigned({ kind: 'have', round: 1, digest: 'aa'.repeat(32) as Digest }),
  ],
  [
    'a confirm with a wrong signature',
    'confirm-signature',
    () => signed({ kind: 'confirm', round: 0, record: genesis, state, clean: true }, 1),
  ],
  [
    'a confirm of a round far ahead',
    'round-far-ahead',
    () => signed({ kind: 'confirm', round: 500, record: genesis, state, clean: true }, stranger),
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
  ['a leave for another', 'leave-for-another', () => signed(leaveOf(1), 1)],
  ['a leave signed by another', 'leave-signature', () => signed(leaveOf(stranger), 1)],
  [
    'a snapshot nobody asked for',
    'snapshot-unasked',
    () =>
      encodeUnsigned({
        ...{ kind: 'snapshot', round: 1, record: genesis, state, totalBytes: 1 },
        ...{ leaves: [new Uint8Array(32)], context: new Uint8Array(1) },
      }),
  ],
  [
    'a piece nobody asked for',
    'piece-unasked',
    () => encodeUnsigned({ kind: 'piece', root: genesis, index: 0, bytes: new Uint8Array(1) }),
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
    const missing = (letter: string): Partial<RecordMessage> => ({
      ...{ authors: [0], bodies: letter.repeat(64) as Digest },
    });
    send(await signed(recordOf(missing('a')), 1));
    send(await signed(recordOf(missing('b')), 1));
    await world.pass(60);
    expect(world.volunteers[0]?.swarm.view().rejections).toEqual({
      'second-contribution': 1,
      'two-records': 1,
    });
  });

  test('a third record of one member on one parent is not even verified', async () => {
    const send = await openRound();
    const missing = (letter: string) => recordOf({ authors: [0], bodies: letter.repeat(64) as Digest });
    send(await signed(missing('a'), 1));
    await world.pass(60);
    send(await signed(missing('b'), stranger)); // falsely signed
    send(await signed(missing('c'), 1));
    await world.pass(60);
    send(await signed(missing('d'), stranger));
    send(await signed(missing('e'), 1));
    await world.pass(60);
    expect(world.volunteers[0]?.swarm.view().rejections).toEqual({ 'record-signature': 1, 'two-records': 1 });
  });

  test('a list of contributions that is not what the record counts is refused, and the record waits for the right one', async () => {
    const send = await openRound();
    const body = await signed(contribution(), 1);
    const [name, wrong] = [await digestOf(body), 'cc'.repeat(32) as Digest];
    // Another contribution of the same author came first, so that the record cannot be resolved from what is here.
    send(await signed(contribution({ payload: new Uint8Array([1, 9]) }), 1));
    const members = [0, 1].map((n) => fakeSigner(n).id).sort();
    const index = members.indexOf(fakeSigner(1).id);
    const counting: Partial<RecordMessage> = {
      authors: [index],
      bodies: await digestOf(fromHex(name) ?? new Uint8Array(0)),
    };
    const record = await signed(recordOf(counting), 1);
    send(record);
    const named = (digests: Digest[]): Message => ({
      ...{ kind: 'named', round: 1, record: recordDigest, digests },
    });
    const recordDigest = await digestOf(record);
    send(encodeUnsigned(named([wrong])));
    send(encodeUnsigned(named([name, name])));
    send(encodeUnsigned(named([])));
    await world.pass(60);
    const [victim] = world.volunteers;
    expect(victim?.swarm.view().rejections).toEqual({ 'named-wrong-root': 3 });
    send(encodeUnsigned(named([name])));
    await world.pass(60);
    send(body);
    await world.pass(60);
    expect(victim?.swarm.view().rejections).toEqual({ 'named-wrong-root': 3 });
    const node = victim?.swarm.view().ledger.find(({ record: { digest } }) => digest === recordDigest);
    if (node !== undefined) expect(node.record.contributions.map(({ digest }) => digest)).toEqual([name]);
    await world.reaches(4);
    expect(world.disagreements()).toEqual([]);
  });

  test('a member that sends a different record for a final round is refused', async () => {
    const send = await openRound();
    await world.until('round 1 is final', () => world.live.every((one) => one.swarm.view().finalRound >= 1));
    send(await signed(recordOf(), 1));
    await world.pass(60);
    expect(world.volunteers[0]?.swarm.view().rejections).toEqual({ 'record-conflicts': 1 });
    await world.reaches(world.volunteers[0].round + 3);
    expect(world.disagreements()).toEqual([]);
  });

  test('two records of one member for a round that is decided but not final are weighed, and the members end on one chain', async () => {
    const send = await openRound();
    await world.reaches(1);
    const [first, second] = world.volunteers;
    expect(first?.swarm.view().finalRound).toBe(0);
    const isSecond = first?.records.get(1)?.leader === fakeSigner(1).id;
    send(await signed(recordOf(), 1));
    await world.pass(60);
    expect(first?.swarm.view().rejections).toEqual(isSecond ? { 'two-records': 1 } : {});
    await world.until('round 6 is final', () => world.live.every((one) => one.swarm.view().finalRound >= 6));
    expect(world.disagreements()).toEqual([]);
    expect(first?.records.get(1)?.digest).toBe(second?.records.get(1)?.digest);
    expect(world.live.length).toBe(2);
  });

  test('records on parents that nobody has are kept aside, however many, and the swarm trains on', async () => {
    const send = await openRound();
    for (let n = 0; n < 300; n++) {
      const parent = n.toString(16).padStart(64, '0') as Digest;
      send(await signed(recordOf({ leader: fakeSigner(stranger).id, parent }), stranger));
    }
    await world.pass(60);
    await world.reaches(4);
    expect(world.disagreements()).toEqual([]);
    expect(world.volunteers[0]?.swarm.view().rejections).toEqual({});
    for (const one of world.volunteers) expect(one.records.get(3)?.contributions.length).toBe(2);
  });

  test('a flood of bytes that mean nothing is refused one by one, and the rest of the swarm trains on', async () => {
    const send = await openRound();
    const random = new SeededRandom(92);
    for (let i = 0; i < 5_000; i++) {
      send(
        Uint8Array.from({ length: 40 }, (_, at) => (at === 0 ? 64 + random.below(32) : random.u32() & 255)),
      );
    }
    await world.pass(60);
    const { rejections } = world.volunteers[0]?.swarm.view() ?? { rejections: {} };
    expect(Object.values(rejections).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(3_000);
    await world.reaches(4);
    expect(world.disagreements()).toEqual([]);
  });

  const floods: [string, () => Bytes | Promise<Bytes>][] = [
    ['hellos', () => hello()],
    ['contributions', () => signed(contribution(), stranger)],
    ['records', () => signed(recordOf(), stranger)],
    ['confirms', () => signed({ kind: 'confirm', round: 0, record: genesis, state, clean: true }, 1)],
    ['joins', () => signed({ kind: 'join', round: 0, publicKey: fakeSigner(stranger).publicKey }, 1)],
    ['leaves', () => signed(leaveOf(stranger), 1)],
  ];
  test.each(floods)(
    'a flood of %s, which take time to verify, is cut off, and the rest of the swarm trains on',
    async (_, make) => {
      const send = await openRound({
        crypto: {
          sha256: async (bytes) => await fakeCrypto.sha256(bytes),
          verify: async (key, bytes, signature) => await fakeCrypto.verify(key, bytes, signature),
        },
      });
      const message = await make();
      for (let i = 0; i < 5_000; i++) send(message);
      await world.pass(60);
      const { rejections } = world.volunteers[0]?.swarm.view() ?? { rejections: {} };
      expect(rejections['inbox-full']).toBeGreaterThan(1_000);
      await world.reaches(4);
      expect(world.disagreements()).toEqual([]);
      for (const one of world.volunteers) expect(one.records.get(3)?.contributions.length).toBe(2);
    },
  );

  test('a flood of requests is answered to its sender only, and the rest of the swarm trains on', async () => {
    const send = await openRound();
    await world.reaches(1);
    for (let i = 0; i < 2_000; i++) {
      send(encodeUnsigned({ kind: 'want-record', round: i % 3 }));
      send(encodeUnsigned({ kind: 'want-named', round: 1, record: genesis }));
      send(encodeUnsigned({ kind: 'want-contribution', round: 1, digest: genesis }));
      send(encodeUnsigned({ kind: 'want-snapshot' }));
      send(encodeUnsigned({ kind: 'want-piece', root: genesis, index: 0 }));
    }
    await world.pass(60);
    const { rejections } = world.volunteers[0]?.swarm.view() ?? { rejections: {} };
    for (const kind of ['want-record', 'want-named', 'want-contribution', 'want-snapshot'])
      expect(rejections[`${kind}-too-often`], kind).toBeGreaterThan(0);
    await world.reaches(5);
    expect(world.disagreements()).toEqual([]);
    for (const one of world.volunteers) expect(one.records.get(4)?.contributions.length).toBe(2);
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
            stand: { head: 500, tip: 'aa'.repeat(32) as Digest, oldest: 490, final: 490, epoch: 0 },
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
          totalBytes: (1 << 22) + 1,
          leaves: Array.from({ length: 17 }, () => new Uint8Array(32)),
          context: new Uint8Array(1),
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
