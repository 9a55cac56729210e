// What a member can say that no member may. Each lie is made for the moment it is told: of the round in progress, on the
// record everybody stands on.
import { concatBytes, type Bytes } from '../../src/base/bytes.ts';
import type { Digest, PeerId, RunId } from '../../src/base/ids.ts';
import { BitWriter, bitsFor } from '../../src/compression/bits.ts';
import { createIdentity, type Identity } from '../../src/swarm/identity.ts';
import { encodeUnsigned } from '../../src/swarm/protocol-codec.ts';
import {
  kindNumbers,
  protocolVersion,
  type ContributionMessage,
  type LeaveMessage,
  type RecordMessage,
} from '../../src/swarm/protocol.ts';
import type { SwarmView } from '../../src/swarm/swarm-api.ts';
import type { Heard } from './tapped-transport.ts';
import { signed } from './tapped-transport.ts';

/** What the liar knows. */
export interface Scene {
  readonly identity: Identity;
  readonly run: RunId;
  readonly view: SwarmView;
  readonly heard: readonly Heard[];
  readonly k: number;
  readonly maxPayloadBytes: number;
  /** One that every volunteer would accept. */
  readonly payload: () => Bytes;
}

export interface Lie {
  /** Why it is refused; undefined: it is nothing new, or nothing at all, and does no harm. */
  readonly reason: string | undefined;
  readonly bytes: Bytes;
}

const digestOf = (letter: string) => letter.repeat(64) as Digest;
const zeros = '0'.repeat(32);
/** Somebody nobody knows. */
const nobody = 'ab'.repeat(16) as PeerId;
const otherRun = 'cd'.repeat(32) as RunId;

/** A payload whose first block names these indices, whatever their order. */
function payloadNaming(indices: readonly number[], k: number): Bytes {
  const writer = new BitWriter(16 * (indices.length + 2));
  writer.write(indices.length, bitsFor(k));
  for (const index of indices) writer.write(index, 12);
  return writer.finish();
}

/** Bytes that are no message, and messages cut short or blown up. */
export function garbage(scene: Scene): Lie[] {
  const header = (kind: number) => (protocolVersion << 5) | kind;
  const lies: Lie[] = [
    { reason: 'message-empty', bytes: new Uint8Array(0) },
    { reason: 'message-unknown-kind', bytes: new Uint8Array([header(31), 1, 2, 3]) },
    { reason: 'protocol-version', bytes: new Uint8Array([255, 1, 2, 3]) },
  ];
  for (const [kind, number] of Object.entries(kindNumbers)) {
    if (kind === 'want-snapshot') continue; // nothing but its kind
    lies.push({ reason: `${kind}-malformed`, bytes: new Uint8Array([header(number), 255]) });
  }
  lies.push({
    reason: 'want-snapshot-malformed',
    bytes: new Uint8Array([header(kindNumbers['want-snapshot']), 1]),
  });
  // A whole message of another, cut in its middle, and one with something after its end.
  for (const kind of ['record', 'contribution'] as const) {
    const whole = scene.heard.findLast(({ message }) => message.kind === kind)?.raw;
    if (whole === undefined) continue;
    lies.push({ reason: undefined, bytes: whole.slice(0, whole.length >> 1) });
    lies.push({ reason: undefined, bytes: concatBytes(whole, new Uint8Array(1 << 20)) });
  }
  return lies;
}

/** Lies about contributions: the second one of a round comes last, for after it no third is looked at. */
export async function contributionLies(scene: Scene, other: PeerId): Promise<Lie[]> {
  const { identity, run, view, k, maxPayloadBytes } = scene;
  const of = (change: Partial<ContributionMessage> = {}): ContributionMessage => ({
    ...{ kind: 'contribution', round: view.round + 1, author: identity.id, weight: 4, tokens: 256 },
    ...{ loss: 5, validationLoss: undefined, payload: scene.payload(), ...change },
  });
  const lie = async (reason: string | undefined, change: Partial<ContributionMessage>, as = run) => ({
    reason,
    bytes: await signed(of(change), identity, as),
  });
  const increasing = 'payload: indices not increasing';
  return [
    await lie('contribution-signature', { author: other }), // forged: another's name, our key
    await lie('contribution-signature', {}, otherRun),
    await lie('contribution-by-a-stranger', { author: nobody }),
    await lie('round-far-ahead', { round: view.round + 1_000 }),
    await lie(undefined, { round: 0 }),
    await lie('payload-too-long', { payload: new Uint8Array(maxPayloadBytes + 1) }),
    await lie('payload: payload too short', { payload: new Uint8Array(3) }),
    await lie(increasing, { payload: payloadNaming([5, 5], k) }),
    await lie(increasing, { payload: payloadNaming([9, 4], k) }),
    await lie('second-contribution', {}),
    await lie('second-contribution', {}),
  ];
}

/** Records that nobody may sign, or not so. All are of the round in progress, on the record everybody stands on. */
export async function recordLies(scene: Scene, other: PeerId): Promise<Lie[]> {
  const { identity, run, view } = scene;
  const head = view.ledger.at(-1)?.record;
  if (head === undefined) return [];
  const stranger = await createIdentity();
  const everyone = view.members.map((_, voter) => ({
    voter,
    clean: true,
    signature: crypto.getRandomValues(new Uint8Array(64)),
  }));
  const lie = async (reason: string, change: Partial<RecordMessage>) => ({
    reason,
    bytes: await signed(
      {
        ...{ kind: 'record', round: head.round + 1, parent: head.digest, leader: identity.id },
        ...{ parentState: zeros, authors: [], bodies: undefined, joinKeys: [], goodbyes: [], absent: [] },
        ...{ certificate: undefined, snapshot: undefined, epochChange: false, ...change },
      },
      identity,
      run,
    ),
  });
  const goodbye = { joined: 0, round: head.round, record: head.digest, signature: new Uint8Array(64) };
  const certificate = (round: number, votes = everyone) => ({ round, state: zeros, votes });
  return [
    await lie('record-signature', { leader: other }),
    await lie('record-leader-not-a-member', { leader: nobody }),
    await lie('record-names-a-stranger', { authors: [200], bodies: digestOf('a') }),
    await lie('record-leaves-a-stranger', { absent: [nobody] }),
    await lie('record-leaves-the-present', { absent: [other] }),
    await lie('record-leaves-nobody', { goodbyes: view.members.map((author) => ({ ...goodbye, author })) }),
    await lie('record-joins-a-member', { joinKeys: [identity.publicKey] }),
    await lie('record-joins-twice', { joinKeys: [stranger.publicKey, stranger.publicKey] }),
    await lie('record-goodbye-off-chain', {
      goodbyes: [{ ...goodbye, author: other, record: digestOf('b') }],
    }),
    await lie('record-quotes-a-false-signature', { goodbyes: [{ ...goodbye, author: other }] }),
    // Certificates: of what is certified already, by too few, and by all, with signatures that are none.
    await lie('record-certificate-round', { certificate: certificate(0) }),
    await lie('record-certificate-short', { certificate: certificate(head.round, everyone.slice(0, 1)) }),
    await lie('record-quotes-a-false-signature', { certificate: certificate(head.round) }),
    await lie('record-epoch-early', { epochChange: true }),
    await lie('record-snapshot-round', { snapshot: { round: head.round + 1, root: digestOf('c') } }),
    // Another record in the place of one that is final.
    ...(view.finalRound < 1 ? [] : [await lie('record-conflicts', { round: 1, parent: digestOf('d') })]),
  ];
}

/** The rest: who we are, what we confirm, who comes and goes, and answers that nobody asked for. */
export async function otherLies(scene: Scene): Promise<Lie[]> {
  const { identity, run, view } = scene;
  const stranger = await createIdentity();
  const { round, digest } = view.ledger.at(-1)?.record ?? { round: 0, digest: digestOf('d') };
  const hello = { kind: 'hello', publicKey: identity.publicKey, wantsMembership: true } as const;
  const confirm = { kind: 'confirm', round, record: digest, state: zeros, clean: true } as const;
  const leave: LeaveMessage = { kind: 'leave', author: identity.id, joined: 1_000, round, record: digest };
  const bytes = async (message: Parameters<typeof signed>[0], signer: Identity = identity) =>
    signed(message, signer, run);
  return [
    {
      reason: 'hello-wrong-key',
      bytes: encodeUnsigned({ ...hello, stand: undefined, publicKey: stranger.publicKey }),
    },
    {
      reason: 'hello-malformed',
      bytes: encodeUnsigned({
        ...hello,
        stand: { head: 3, tip: digestOf('e'), oldest: 9, final: 0, epoch: 0 },
      }),
    },
    { reason: 'confirm-signature', bytes: await bytes(confirm, stranger) },
    // A vote that is truly ours, for a state that nobody has.
    { reason: undefined, bytes: await bytes(confirm) },
    { reason: 'round-far-ahead', bytes: await bytes({ ...confirm, round: round + 1_000 }) },
    {
      reason: 'join-for-another',
      bytes: await bytes({ kind: 'join', round, publicKey: stranger.publicKey }, stranger),
    },
    {
      reason: 'join-signature',
      bytes: await bytes({ kind: 'join', round, publicKey: identity.publicKey }, stranger),
    },
    {
      reason: 'join-stale',
      bytes: await bytes({ kind: 'join', round: round + 500, publicKey: identity.publicKey }),
    },
    { reason: 'leave-for-another', bytes: await bytes({ ...leave, author: stranger.id }, stranger) },
    { reason: 'leave-signature', bytes: await bytes(leave, stranger) },
    { reason: 'leave-stale', bytes: await bytes(leave) },
    {
      reason: 'snapshot-unasked',
      bytes: encodeUnsigned({
        ...{ kind: 'snapshot', round, record: digest, state: zeros, totalBytes: 1 },
        ...{ leaves: [new Uint8Array(32)], context: new Uint8Array(1) },
      }),
    },
    {
      reason: 'piece-unasked',
      bytes: encodeUnsigned({ kind: 'piece', root: digest, index: 0, bytes: new Uint8Array(9) }),
    },
  ];
}

/** All that was heard of others, said again, and the newest record with its signature spoiled. */
export function replays({ heard }: Scene): Lie[] {
  const lies: Lie[] = heard.map(({ raw }) => ({ reason: undefined, bytes: raw }));
  const record = heard.findLast(({ message }) => message.kind === 'record')?.raw.slice();
  if (record !== undefined) {
    record[record.length - 1] ^= 1;
    lies.push({ reason: undefined, bytes: record });
  }
  return lies;
}
