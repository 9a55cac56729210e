import { beforeAll, expect, test, vi } from 'vitest';
import type { WebrtcProvider } from 'y-webrtc';
import { ManualClock } from '../base/clock.ts';
import type { RunId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import { createIdentity, webCrypto, type Identity } from './identity.ts';
import { admissionTo, openInvitation, type Invitation, type MeshAdmission } from './invitation.ts';
import { guardSignaling } from './shared-doc-signaling.ts';
import type { Signaling } from './signaling-client.ts';
import { MeshSignaling, unprovenPeer } from './webrtc-transport-mesh.ts';

/** What those invited say through a signaling server that reads everything and forwards what it likes. */

const run = 'd'.repeat(64) as RunId;
let [invited, stranger]: Invitation[] = [];
let people: Identity[] = [];
beforeAll(async () => {
  [invited, stranger] = await Promise.all(
    [1, 2].map((byte) => openInvitation(new Uint8Array(32).fill(byte))),
  );
  people = await Promise.all([1, 2, 3].map(() => createIdentity()));
});

class Board {
  readonly said: { readonly topic: string; readonly data: unknown }[] = [];
  readonly #listeners: { readonly topic: string; readonly listener: (data: unknown) => void }[] = [];
  readonly client: Signaling = {
    subscribe: (topic, listener) => {
      this.#listeners.push({ topic, listener });
      return () => undefined;
    },
    publish: (topic, data) => {
      this.said.push({ topic, data });
      this.tell(topic, data);
    },
    onConnected: (listener) => {
      listener();
      return () => undefined;
    },
  };

  tell(topic: string, data: unknown): void {
    for (const one of this.#listeners) if (one.topic === topic) one.listener(data);
  }
}

function mesh(board: Board, signer: Identity, admission: MeshAdmission) {
  const signal = vi.fn();
  const rejected = vi.fn();
  const options = { clock: new ManualClock(), random: new SeededRandom(1), crypto: webCrypto };
  const signaling = new MeshSignaling(
    { signer, signaling: board.client, ...options, ...admission },
    { signal, rejected },
  );
  return { signaling, signal, rejected };
}

test('of all who know the room of a mesh, only holders of its key are heard, and the others are counted', async () => {
  const board = new Board();
  const admission = await admissionTo(run, invited);
  const [one, two, three] = people as [Identity, Identity, Identity];
  const member = mesh(board, one, admission);
  await vi.waitFor(() => expect(board.said).toHaveLength(1));
  // Whoever runs the server knows the room, and may know the run: neither is the key.
  mesh(board, three, { room: admission.room, seal: undefined });
  const other = await admissionTo(run, stranger);
  mesh(board, three, { room: admission.room, seal: other.seal });
  await vi.waitFor(() => expect(member.rejected).toHaveBeenCalledTimes(2));
  expect(member.rejected.mock.calls).toEqual(Array(2).fill([unprovenPeer, 'uninvited']));
  expect(member.signal).not.toHaveBeenCalled();

  const joiner = mesh(board, two, admission);
  await vi.waitFor(() => expect(member.signal).toHaveBeenCalledTimes(1));
  expect(member.signal.mock.calls[0]?.[0]).toMatchObject({ from: two.id, body: { kind: 'announce' } });
  const announced = member.signal.mock.calls[0]?.[0] as { session: string };
  member.signaling.tell(two.id, announced.session, { kind: 'offer', link: 1, sdp: 'v=0 203.0.113.9' });
  await vi.waitFor(() => expect(joiner.signal).toHaveBeenCalledTimes(1));
  expect(joiner.signal.mock.calls[0]?.[0]).toMatchObject({ from: one.id, body: { sdp: 'v=0 203.0.113.9' } });
  expect(JSON.stringify(board.said.at(-1)?.data)).not.toContain('203.0.113.9');
});

test('what was said to everyone is not heard where it is carried elsewhere', async () => {
  const board = new Board();
  const admission = await admissionTo(run, invited);
  const [one, two] = people as [Identity, Identity];
  const member = mesh(board, one, admission);
  mesh(board, two, admission);
  await vi.waitFor(() => expect(member.signal).toHaveBeenCalledTimes(1));
  board.tell(`starling/mesh/${admission.room}/${one.id}`, board.said.at(-1)?.data);
  await vi.waitFor(() => expect(member.rejected).toHaveBeenCalledWith(unprovenPeer, 'uninvited'));
  expect(member.signal).toHaveBeenCalledTimes(1);
});

/** A signaling connection of y-webrtc, as far as the guard touches it. */
function documentLine() {
  const reached: unknown[] = [];
  const sent: { topic: string; data: unknown }[] = [];
  const line = {
    providers: new Set<unknown>(),
    ws: null,
    emit: (_name: string, [message]: unknown[]) => reached.push(message),
    send: (message: { topic: string; data: unknown }) => sent.push(message),
  };
  const provider = {
    roomName: 'room',
    room: { webrtcConns: new Map() },
    signalingConns: [line],
  } as unknown as WebrtcProvider;
  line.providers.add(provider);
  const count = vi.fn();
  const seal = invited?.documentSeal;
  guardSignaling(provider, count, new Map([['room', { count, seal }]]));
  return { line, reached, sent, count };
}
const announce = (from: string) => ({ type: 'publish', topic: 'room', data: { type: 'announce', from } });

test('the document’s signals leave sealed, and open in order for those invited', async () => {
  const [here, there] = [documentLine(), documentLine()];
  const words = Array.from({ length: 20 }, (_, i) => announce(`tab ${i}`));
  for (const word of words) here.line.send(word);
  await vi.waitFor(() => expect(here.sent).toHaveLength(20));
  expect(JSON.stringify(here.sent)).not.toContain('tab ');
  for (const message of here.sent) there.line.emit('message', [message]);
  await vi.waitFor(() => expect(there.reached).toEqual(words));
  expect(there.count).not.toHaveBeenCalled();
});

test('signals that are not sealed with the key reach nobody and are counted, and a flood of them is dropped', async () => {
  const { line, reached, count } = documentLine();
  const foreign = await stranger?.documentSeal.shut(announce('x').data, 'room');
  const reasons = () => count.mock.calls.map(([reason]) => reason as string);
  for (const data of [announce('x').data, foreign, null, 7])
    line.emit('message', [{ ...announce('x'), data }]);
  await vi.waitFor(() => expect(reasons()).toEqual(Array(4).fill('signaling-uninvited')));
  for (let i = 0; i < 300; i++) line.emit('message', [announce('x')]);
  expect(reasons().filter((reason) => reason === 'signaling-too-fast')).toHaveLength(44);
  expect(reached).toEqual([]);
  line.emit('message', [{ type: 'pong' }]);
  expect(reached).toEqual([{ type: 'pong' }]);
});
