import * as encoding from 'lib0/encoding';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { ManualClock } from '../base/clock.ts';
import { SeededRandom } from '../base/random.ts';
import { fuzzRounds } from '../testing/long.ts';
import { documentLimitBytes } from './announcements.ts';
import { maxAwarenessMemory, maxAwarenessStates } from './shared-doc-bounds.ts';
import { guardPeers, boundsOf } from './shared-doc-guard.ts';
import { askAgain } from './shared-doc-healing.ts';
import {
  awarenessMessage,
  idOf,
  presenceOf,
  receive,
  recordOf,
  syncMessage,
} from './shared-doc-network.test-data.ts';
import { rootName } from './shared-doc-shape.ts';
import { SharedDoc } from './shared-doc-state.ts';

const config = '{"a":"run"}';

/** A document with a run in it, and a stranger's copy. */
function build(): { victim: SharedDoc; stranger: Y.Doc } {
  const victim = new SharedDoc(new Y.Doc(), new ManualClock());
  victim.announceConfig(config);
  for (let round = 1; round <= 70; round++) victim.announceRecords(recordOf(round));
  victim.announceSample({ round: 60, text: 'Call me', by: idOf(1) });
  victim.setPresence(presenceOf(idOf(1)));
  const stranger = new Y.Doc({ gc: false });
  Y.applyUpdate(stranger, Y.encodeStateAsUpdate(victim.doc));
  return { victim, stranger };
}

/** What the stranger's change is as a message. */
function scribble(stranger: Y.Doc, change: (run: Y.Map<unknown>, doc: Y.Doc) => void): Uint8Array {
  const before = Y.encodeStateVector(stranger);
  stranger.transact(() => change(stranger.getMap(rootName), stranger));
  return syncMessage(Y.encodeStateAsUpdate(stranger, before));
}

const nested = (depth: number): unknown => {
  let value: unknown = [];
  for (let i = 0; i < depth; i++) value = [value];
  return value;
};
const pageOf = (run: Y.Map<unknown>) => run.get('page') as Y.Map<unknown>;

const foreign: [what: string, change: (run: Y.Map<unknown>, doc: Y.Doc) => void][] = [
  ['a list at our name', (_run, doc) => doc.getArray('list').push([1])],
  ['a text', (_run, doc) => doc.getText('text').insert(0, 'x'.repeat(9_000))],
  ['a map of another name', (_run, doc) => doc.getMap('other').set('config', 'x')],
  ['a key of no meaning', (run) => run.set('other', 'x')],
  ['many keys', (run) => Array.from({ length: 3_000 }, (_, i) => run.set(`k${i}`, i))],
  ['a key of no meaning on the page', (run) => pageOf(run).set('__proto__', 'x')],
  ['a huge string', (run) => run.set('config', 'x'.repeat(40_000))],
  ['deep nesting', (run) => run.set('config', nested(2_000))],
  ['an object', (run) => run.set('config', { a: 1 })],
  ['a list where the page was', (run) => run.set('page', new Y.Array())],
  ['a text for a config', (run) => run.set('config', new Y.Text('x'))],
  ['bytes', (run) => run.set('config', new Uint8Array(10))],
  ['a document in the document', (run) => run.set('config', new Y.Doc())],
  ['an XML element', (run) => run.set('page', new Y.XmlElement('x'))],
  ['an entry that is itself a map, new on the page', (run) => pageOf(run).set('999', new Y.Map())],
];

describe('a stranger who writes to the document', () => {
  it.each(foreign)('has %s refused, and the document stays as it was', (_what, change) => {
    const { victim, stranger } = build();
    const before = victim.view();
    expect(receive(victim, scribble(stranger, change))).toBe(false);
    expect(victim.view()).toEqual({ ...before, rejections: { 'document-foreign-content': 1 } });
  });

  it('cannot make a list of the map we already use, nor add to it as a list', () => {
    const { victim } = build();
    const other = new Y.Doc();
    other.getArray(rootName).push(['x']);
    expect(receive(victim, syncMessage(Y.encodeStateAsUpdate(other)))).toBe(false);
    expect(victim.announceRecords(recordOf(71))).toBe(true);
    expect(victim.view().records.at(-1)?.round).toBe(71);
  });

  it('is heard where it writes what anyone may, though that is nonsense; what we read of it stays checked', () => {
    const { victim, stranger } = build();
    const message = scribble(stranger, (run) => {
      run.set('config', 'nonsense');
      run.set('epoch', -1);
      for (let round = 1; round < 100; round++) pageOf(run).set(String(round), 'nonsense');
      pageOf(run).set('past', '['.repeat(30_000));
      pageOf(run).set('sample', 7);
    });
    expect(receive(victim, message)).toBe(true);
    const view = victim.view();
    expect(view).toMatchObject({ config: 'nonsense', epoch: 0, records: [], curve: [], sample: undefined });
    expect(view.rejections).toEqual({ 'announcement-malformed': 99 + 3 });
    expect(victim.carryOver({ config, records: [recordOf(70)], curve: [], sample: undefined })).toBe(true);
    expect(victim.view()).toMatchObject({ config, rejections: { 'announcement-malformed': 1 } });
    expect(victim.view().records.map(({ round }) => round)).toEqual([70]);
  });

  it('cannot have deleted what its owner has yet to write', () => {
    const { victim } = build();
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 0); // no structs
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, victim.doc.clientID);
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarUint(encoder, 2 ** 40);
    expect(receive(victim, syncMessage(encoding.toUint8Array(encoder)))).toBe(false);
    expect(victim.view().rejections).toEqual({ 'document-ahead': 1 });
    expect(victim.view().records).toHaveLength(8);
  });

  it('who writes in our name makes us write under another, and be heard', () => {
    const { victim, stranger } = build();
    stranger.clientID = victim.doc.clientID;
    const was = victim.doc.clientID;
    const message = scribble(stranger, (run) => run.set('config', 'nonsense'));
    expect(receive(victim, message)).toBe(true);
    expect(victim.doc.clientID).not.toBe(was);
    victim.announceRecords(recordOf(71));
    const other = new SharedDoc();
    receive(other, syncMessage(Y.encodeStateAsUpdate(victim.doc)));
    expect(other.view().records.at(-1)?.round).toBe(71);
  });

  it(`never makes us throw, whatever it changes in an update (${fuzzRounds(4_000)} updates, seed 21)`, () => {
    const random = new SeededRandom(21);
    const { victim, stranger } = build();
    const valid = Array.from({ length: 40 }, (_, i) =>
      scribble(stranger, (run) => {
        if (i % 3 === 0) pageOf(run).set(String(200 + i), JSON.stringify(recordOf(200 + i)));
        else if (i % 3 === 1) run.set('epoch', i);
        else run.set('page', new Y.Map([['1', 'x']]));
      }),
    );
    let passed = 0;
    for (let i = 0; i < fuzzRounds(4_000); i++) {
      const message = (valid[random.below(valid.length)] ?? new Uint8Array(9)).slice();
      // Behind the first bytes, by which a message is told from others.
      for (let flips = random.below(3); flips > 0; flips--)
        message[3 + random.below(message.length - 3)] = random.below(256);
      if (receive(victim, message)) passed++;
      if (i % 500 === 499) {
        victim.forgetWaiting();
        expect(() => victim.view(), `seed 21, update ${i}`).not.toThrow();
        expect(Y.encodeStateAsUpdate(victim.doc).length).toBeLessThan(2 * documentLimitBytes);
      }
    }
    const malformed = victim.view().rejections['peer-message-malformed'] ?? 0;
    console.log(`seed 21: ${passed} passed; refused ${JSON.stringify(victim.view().rejections)}`);
    // At least half get past the decoder, to the guards behind it and to Yjs.
    expect(malformed).toBeLessThan(fuzzRounds(4_000) / 2);
    expect(victim.view().rejections['peer-handler-failed'] ?? 0).toBeLessThan(fuzzRounds(4_000) / 100);
    expect(victim.carryOver({ config, records: [], curve: [], sample: undefined })).toBe(true);
    expect(victim.view().config).toBe(config);
  });
});

describe('updates that wait for others', () => {
  it('are forgotten after a while, and what is missing is asked for', () => {
    const { victim } = build();
    const clock = new ManualClock();
    const sent: Uint8Array[] = [];
    const peer = { send: (bytes: Uint8Array) => sent.push(bytes) };
    const provider = { room: { webrtcConns: new Map([['x', { connected: true, peer }]]) } };
    const healing = askAgain(provider as unknown as Parameters<typeof askAgain>[0], victim, clock);
    const other = new Y.Doc();
    const states: Uint8Array[] = [];
    for (let i = 0; i < 3; i++) {
      states.push(Y.encodeStateVector(other));
      other.getMap(rootName).set('epoch', i);
    }
    const gap = Y.encodeStateAsUpdate(other, states[1]);
    healing.look(false);
    clock.advance(60_000);
    expect(sent).toHaveLength(0);
    for (let again = 1; again <= 3; again++) {
      expect(receive(victim, syncMessage(gap))).toBe(true);
      expect(victim.doc.store.pendingStructs).not.toBeNull();
      for (let i = 0; i < 20; i++) healing.look(false);
      clock.advance(10_000);
      expect(victim.doc.store.pendingStructs).toBeNull();
      expect(sent).toHaveLength(again);
    }
    expect(sent[0]?.slice(0, 2)).toEqual(new Uint8Array([0, 0]));
    healing.look(true);
    clock.advance(10_000);
    expect(sent).toHaveLength(4);
    healing.end();
  });
});

describe('awareness states from strangers', () => {
  const message = (entries: readonly (readonly [client: number, clock: number, text: string])[]) => {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, entries.length);
    for (const [client, clock, text] of entries) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarString(encoder, text);
    }
    return awarenessMessage(encoding.toUint8Array(encoder));
  };

  it('are bounded in number, also those of whom only a clock is kept', () => {
    const { victim } = build();
    const state = JSON.stringify({ starling: presenceOf(idOf(2)) });
    const flood = Array.from({ length: 300 }, (_, i) => [i + 1, 1, state] as const);
    receive(victim, message(flood));
    expect(victim.awareness.states.size).toBe(maxAwarenessStates);
    expect(victim.view().rejections).toEqual({ 'awareness-full': 300 - (maxAwarenessStates - 1) });
    // Those who are known go on being heard, and others find room when they go.
    receive(victim, message([[1, 2, 'null']]));
    receive(victim, message([[5_000, 1, state]]));
    expect(victim.awareness.states.has(5_000)).toBe(true);
    for (let i = 10_000; i < 16_000; i++) {
      receive(victim, message([[i - 1, 2, 'null']]));
      receive(victim, message([[i, 1, state], ...(i === 10_000 ? [[2, 2, 'null'] as const] : [])]));
    }
    expect(victim.awareness.meta.size).toBeLessThanOrEqual(maxAwarenessMemory + 1);
    expect(victim.view().presences).toHaveLength(2);
  });

  it('are bounded in size and checked in form, one by one', () => {
    const { victim } = build();
    receive(
      victim,
      message([
        [1, 1, JSON.stringify({ starling: presenceOf(idOf(2)) })],
        [2, 1, JSON.stringify({ x: 'x'.repeat(600) })],
        [3, 2 ** 40, '{}'],
        [4, 1, '[]'],
        [5, 1, '7'],
        [6, 1, 'null'],
      ]),
    );
    expect([...victim.awareness.states.keys()].sort()).toEqual([1, victim.awareness.clientID].sort());
    expect(victim.view().rejections).toEqual({ 'awareness-too-long': 1, 'awareness-malformed': 3 });
    expect(receive(victim, message([[9, 1, '{']]))).toBe(false);
    expect(victim.view().rejections['peer-message-malformed']).toBe(1);
  });

  it('cannot be said in our name: an echo is nothing, a forgery makes us go on as another client, a few times', () => {
    const { victim } = build();
    const { awareness } = victim;
    const clock = () => awareness.meta.get(awareness.clientID)?.clock ?? 0;
    receive(victim, message([[awareness.clientID, clock(), '{}']]));
    expect(victim.view().rejections).toEqual({});
    const clients = new Set([awareness.clientID]);
    for (let i = 0; i < 20; i++) {
      receive(victim, message([[awareness.clientID, 2 ** 31, JSON.stringify({ starling: null })]]));
      clients.add(awareness.clientID);
    }
    expect(clients.size).toBe(1 + 4);
    expect(victim.view().rejections).toEqual({ 'awareness-in-our-name': 20 });
    expect(victim.view().presences).toEqual([presenceOf(idOf(1))]);
  });

  it('are bounded for each connection, so that one stranger leaves room for others', () => {
    const { victim } = build();
    const connections = new Map<string, unknown>();
    const clock = new ManualClock();
    const reached: Uint8Array[] = [];
    guardPeers(
      { room: { webrtcConns: connections } } as unknown as Parameters<typeof guardPeers>[0],
      (reason) => victim.countRejection(reason),
      boundsOf(victim, () => undefined),
      clock,
      () => undefined,
    );
    const peer = { emit: (_name: string, data: Uint8Array) => reached.push(data) > 0 };
    connections.set('one', { peer, connected: true });
    const flood = Array.from({ length: 239 }, (_, i) => [i + 1, 1, '{}'] as const);
    peer.emit('data', message(flood));
    expect(reached).toHaveLength(1);
    expect(victim.view().rejections).toEqual({ 'awareness-full': 239 - 160 });
    // Nor may it send without end.
    const query = new Uint8Array([3]);
    const whole = syncMessage(Y.encodeStateAsUpdate(victim.doc));
    for (let i = 0; i < 500; i++) peer.emit('data', whole);
    peer.emit('data', query);
    expect(victim.view().rejections['peer-too-much']).toBeGreaterThan(100);
    const before = reached.length;
    clock.advance(60_000);
    peer.emit('data', query);
    expect(reached).toHaveLength(before + 1);
  });
});
