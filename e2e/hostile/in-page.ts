// Bundled by hostile.spec.ts: a tab that is let in as a member, and then does what no honest tab does.
import { realClock } from '../../src/base/clock.ts';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { sha256 } from '../../src/base/digest.ts';
import type { Digest } from '../../src/base/ids.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { createIdentity, type Identity } from '../../src/swarm/identity.ts';
import { merkleRoot } from '../../src/swarm/merkle.ts';
import { encodeUnsigned } from '../../src/swarm/protocol-codec.ts';
import type { Kind } from '../../src/swarm/protocol.ts';
import { SignalingClient } from '../../src/swarm/signaling-client.ts';
import { WebRtcTransport } from '../../src/swarm/webrtc-transport.ts';
import { simplePeerWires, type Wire } from '../../src/swarm/webrtc-transport-wire.ts';
import { readRunConfig, runIdOf, type RunConfig } from '../../src/volunteer/run-config.ts';
import {
  brokenMessages,
  deleteEverything,
  foreignContent,
  nonsense,
  otherRun,
  Scribbler,
} from './document.ts';
import { floodOf } from './floods.ts';
import { garbageFrames, tappedWires } from './frames.ts';
import { contributionLies, garbage, otherLies, recordLies, replays, type Lie, type Scene } from './lies.ts';
import { ReferenceMember } from './member.ts';
import { TappedTransport } from './tapped-transport.ts';

interface Tab {
  readonly identity: Identity;
  readonly config: RunConfig;
  readonly transport: TappedTransport;
  readonly member: ReferenceMember;
  readonly wires: ReadonlySet<Wire>;
}

let scribbler: Scribbler | undefined;
let tab: Tab | undefined;
let ended: string | undefined;
let tellings = 0;
const zeros = '0'.repeat(64) as Digest;
const reasons = new Set<string>();

/** Opens the room's shared document. */
export function watch(room: string, signalingUrl: string): void {
  scribbler = new Scribbler(`starling/${room}`, signalingUrl);
}

/** The run that the document announces; undefined until it does. */
function announced(): RunConfig | undefined {
  const text = scribbler?.config();
  const decoded = text === undefined ? undefined : readRunConfig(text);
  return decoded?.ok === true ? decoded.value : undefined;
}
export const hasRun = (): boolean => announced() !== undefined;

/** Takes part in the announced run as any volunteer would. Resolves with our peer id. */
export async function join(signalingUrl: string, seed: number): Promise<string> {
  const config = announced();
  if (config === undefined) throw new Error('no run is announced');
  const random = new SeededRandom(seed);
  const [identity, run] = [await createIdentity(), await runIdOf(config)];
  const signaling = new SignalingClient({ urls: [signalingUrl], clock: realClock, random });
  const { openWire, wires } = tappedWires(simplePeerWires({ iceServers: [], clock: realClock }));
  const mesh = new WebRtcTransport({
    ...{ signer: identity, room: run, signaling, clock: realClock, random, openWire },
  });
  const transport = new TappedTransport(mesh, identity, run);
  const member = new ReferenceMember(config, run, identity, transport, seed);
  tab = { identity, config, transport, member, wires };
  member.run().catch((thrown: unknown) => {
    ended = String(thrown);
  });
  return identity.id;
}

function here(): Tab {
  if (tab === undefined) throw new Error('join first');
  return tab;
}

export function look() {
  const { member, transport } = here();
  const { round, isMember, connected, finalRound } = member.swarm.view();
  const { ledTwice } = transport;
  return { round, isMember, connected: connected.length, finalRound, ledTwice, tellings, ended };
}

function scene({ identity, config, transport, member }: Tab): Scene {
  const { runId: run, maxPayloadBytes } = member.rules;
  const { k } = config.strategy;
  const view = member.swarm.view();
  return {
    ...{ identity, run, view, heard: transport.heard, k, maxPayloadBytes },
    payload: () => member.payload(),
  };
}

function broadcast(lies: readonly Lie[]): void {
  const { transport } = here();
  for (const { reason, bytes } of lies) {
    if (reason !== undefined) reasons.add(reason);
    for (const peer of transport.peers()) transport.tell(peer, bytes);
  }
}

/** Tells every lie there is to everyone, once. */
async function tellAll(): Promise<void> {
  const now = here();
  const about = scene(now);
  const other = about.view.members.find((peer) => peer !== now.identity.id);
  if (other === undefined) return;
  broadcast(await contributionLies(about, other));
  broadcast(await recordLies(about, other));
  broadcast(await otherLies(about));
  broadcast(garbage(about));
  broadcast(replays(about));
  for (const wire of now.wires)
    for (const [reason, frame] of garbageFrames) {
      if (reason !== undefined) reasons.add(reason);
      wire.send(frame);
    }
  tellings++;
}

/** From now on lies after every round; `twice`: how many rounds to lead with two records. */
export function startLying(twice: number): void {
  const { member, transport } = here();
  transport.twoFaced = twice;
  member.afterRound = () => {
    tellAll().catch((thrown: unknown) => {
      ended ??= String(thrown);
    });
  };
}

/** Why what was told is refused. */
export const told = (): string[] => [...reasons];

export function stopLying(): void {
  here().member.afterRound = () => undefined;
}

/** Gives membership up, but stays linked. */
export function leave(): void {
  here().member.swarm.setMembership(false);
}

/** The Merkle root of a snapshot that somebody can give now: only who has asked for one may ask for its pieces. */
async function snapshotRoot({ transport }: Tab): Promise<Digest> {
  transport.heard.length = 0;
  for (const peer of transport.peers()) transport.tell(peer, encodeUnsigned({ kind: 'want-snapshot' }));
  for (;;) {
    const given = transport.heard.find(({ message }) => message.kind === 'snapshot')?.message;
    if (given?.kind === 'snapshot') return await merkleRoot(given.leaves, sha256);
    await new Promise<void>((resolve) => realClock.after(20, resolve));
  }
}

/** `count` messages of one kind to everyone. */
export async function flood(kind: Kind, count: number): Promise<void> {
  const now = here();
  const root = kind === 'want-piece' ? await snapshotRoot(now) : zeros;
  const variants = await Promise.all(
    Array.from({ length: 8 }, (_, index) => floodOf(kind, scene(now), root, index)),
  );
  for (const peer of now.transport.peers())
    for (let sent = 0; sent < count; sent += variants.length)
      for (const bytes of variants) now.transport.tell(peer, bytes);
}

export function scribble(what: 'foreign' | 'broken' | 'nonsense' | 'other run' | 'delete'): void {
  if (scribbler === undefined) throw new Error('watch first');
  switch (what) {
    case 'foreign':
      foreignContent(scribbler);
      break;
    case 'broken':
      brokenMessages(scribbler);
      break;
    case 'nonsense':
      nonsense(scribbler);
      break;
    case 'other run':
      otherRun(scribbler, canonicalJson({ ...here().config, nonce: 'ab'.repeat(16) }));
      break;
    case 'delete':
      deleteEverything(scribbler);
      break;
  }
}

/** What the document announced, one after the other. */
export function configsSeen(): string[] {
  const ours = canonicalJson(here().config);
  const name = (config: string | undefined) => (config === ours ? 'this run' : 'another run');
  return (scribbler?.configs ?? []).map((config) => (config === undefined ? 'no run' : name(config)));
}
