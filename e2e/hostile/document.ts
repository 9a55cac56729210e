// Scribbles over the shared document, as a stock y-webrtc client with no guards of ours could send them.
import * as encoding from 'lib0/encoding';
import { WebrtcProvider } from 'y-webrtc';
import * as Y from 'yjs';

const syncKind = 0;
const awarenessKind = 1;
const update = 2;

export class Scribbler {
  readonly #doc = new Y.Doc();
  readonly #provider: WebrtcProvider;
  /** What the document said the run is, one after the other. */
  readonly configs: (string | undefined)[] = [];

  constructor(room: string, signalingUrl: string) {
    this.#provider = new WebrtcProvider(room, this.#doc, {
      signaling: [signalingUrl],
      peerOpts: { config: { iceServers: [] } },
    });
    this.#doc.getMap('run').observe(() => {
      const config = this.config();
      if (this.configs.at(-1) !== config) this.configs.push(config);
    });
  }

  /** What the document says the run is. */
  config(): string | undefined {
    const text = this.#doc.getMap('run').get('config');
    return typeof text === 'string' ? text : undefined;
  }

  /** Bytes to every tab whose document we are connected to. */
  send(bytes: Uint8Array): void {
    for (const { peer } of this.#connected()) (peer as { send(bytes: Uint8Array): void }).send(bytes);
  }

  /** Each change by a client of its own, so that one that is refused does not hold up the next. */
  scribble(change: (run: Y.Map<unknown>, doc: Y.Doc) => void): void {
    const copy = new Y.Doc({ gc: false });
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(this.#doc));
    const before = Y.encodeStateVector(copy);
    copy.transact(() => change(copy.getMap('run'), copy));
    this.send(message(syncKind, Y.encodeStateAsUpdate(copy, before)));
  }

  #connected() {
    return [...(this.#provider.room?.webrtcConns.values() ?? [])].filter(({ connected }) => connected);
  }
}

function message(kind: number, body: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, kind);
  if (kind === syncKind) encoding.writeVarUint(encoder, update);
  encoding.writeVarUint8Array(encoder, body);
  return encoding.toUint8Array(encoder);
}

function awareness(entries: readonly (readonly [client: number, clock: number, text: string])[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, entries.length);
  for (const [client, clock, text] of entries) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, text);
  }
  return message(awarenessKind, encoding.toUint8Array(encoder));
}

const pageOf = (run: Y.Map<unknown>): Y.Map<unknown> | undefined => {
  const page = run.get('page');
  return page instanceof Y.Map ? (page as Y.Map<unknown>) : undefined;
};

const nested = (depth: number): unknown => (depth === 0 ? [] : [nested(depth - 1)]);

/** What an honest tab never lets into its document. */
export function foreignContent(scribbler: Scribbler): void {
  const changes: ((run: Y.Map<unknown>, doc: Y.Doc) => void)[] = [
    (_run, doc) => doc.getArray('list').push([1]),
    (_run, doc) => doc.getText('text').insert(0, 'x'.repeat(9_000)),
    (_run, doc) => doc.getMap('other').set('config', 'x'),
    (run) => run.set('other', 'x'),
    (run) => run.set('config', 'x'.repeat(60_000)),
    (run) => run.set('config', nested(500)),
    (run) => run.set('config', { a: 1 }),
    (run) => run.set('config', new Y.Text('x')),
    (run) => run.set('config', new Uint8Array(10)),
    (run) => run.set('config', new Y.Doc()),
    (run) => run.set('page', new Y.Array()),
    (run) => run.set('page', new Y.XmlElement('x')),
    (run) => pageOf(run)?.set('999', new Y.Map()),
  ];
  for (const change of changes) scribbler.scribble(change);
  // The map we use, as a list.
  const list = new Y.Doc();
  list.getArray('run').push(['x']);
  scribbler.send(message(syncKind, Y.encodeStateAsUpdate(list)));
}

/** Bytes that y-webrtc, Yjs or lib0 would choke on, and states that are none. */
export function brokenMessages(scribbler: Scribbler): void {
  scribbler.send(new Uint8Array([0, 2, 200]));
  scribbler.send(new Uint8Array([77, 1, 2]));
  scribbler.send(new Uint8Array(200_000));
  scribbler.send(
    awareness([
      [1, 1, JSON.stringify({ x: 'x'.repeat(600) })],
      [2, 1, '[]'],
      [3, 2 ** 40, '{}'],
    ]),
  );
  // Deletes what nobody has written yet.
  const encoder = encoding.createEncoder();
  for (const number of [0, 1, 4_711, 1, 0, 2 ** 30]) encoding.writeVarUint(encoder, number);
  scribbler.send(message(syncKind, encoding.toUint8Array(encoder)));
}

/** Nonsense in the right shape, where anyone may write. */
export function nonsense(scribbler: Scribbler): void {
  scribbler.scribble((run) => {
    run.set('epoch', -1);
    for (let round = 900; round < 950; round++) pageOf(run)?.set(String(round), 'nonsense');
    pageOf(run)?.set('sample', 7);
  });
}

/** Another run in the place of this one. */
export function otherRun(scribbler: Scribbler, config: string): void {
  scribbler.scribble((run) => run.set('config', config));
}

export function deleteEverything(scribbler: Scribbler): void {
  scribbler.scribble((run) => {
    for (const key of [...run.keys()]) run.delete(key);
  });
}
