import * as encoding from 'lib0/encoding';
import { describe, expect, it, vi } from 'vitest';
import type { WebrtcConn, WebrtcProvider } from 'y-webrtc';
import { applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import { writeSyncStep1, writeSyncStep2 } from 'y-protocols/sync';
import * as Y from 'yjs';
import { ManualClock } from '../base/clock.ts';
import type { PeerId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import { fuzzRounds } from '../testing/long.ts';
import { decimate, type Presence, type RecordAnnouncement } from './announcements.ts';
import { guardPeers, judgePeerMessage, maxPeerMessageBytes, type PeerBounds } from './shared-doc-guard.ts';
import { guardSignaling } from './shared-doc-signaling.ts';
import { documentLimitBytes } from './announcements.ts';
import { SharedDoc } from './shared-doc-state.ts';

const id = (digit: number) => digit.toString(16).repeat(32) as PeerId;

const record = (round: number, more: Partial<RecordAnnouncement> = {}): RecordAnnouncement => ({
  round,
  leader: id(1),
  contributions: 3,
  tokens: 768,
  train: 5.5 - round / 1000,
  validation: round % 10 === 0 ? 5.6 - round / 1000 : undefined,
  state: 'ab'.repeat(16),
  ...more,
});

const presence = (who: PeerId, more: Partial<Presence> = {}): Presence => ({
  id: who,
  adapter: 'SwiftShader',
  software: true,
  tokensPerSecond: 120.5,
  state: 'training',
  round: 4,
  member: true,
  ...more,
});

/** Documents that tell each other everything at once. */
function joined(count: number): SharedDoc[] {
  const all = Array.from({ length: count }, () => new SharedDoc());
  for (const one of all) {
    one.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === 'network') return;
      for (const other of all) if (other !== one) Y.applyUpdate(other.doc, update, 'network');
    });
    one.awareness.on('update', (_change: unknown, origin: unknown) => {
      if (origin === 'network') return;
      const update = encodeAwarenessUpdate(one.awareness, [one.awareness.clientID]);
      for (const other of all) if (other !== one) applyAwarenessUpdate(other.awareness, update, 'network');
    });
  }
  return all;
}

const pair = () => joined(2) as [SharedDoc, SharedDoc];

describe('the shared document', () => {
  it('shows the others what one announces', () => {
    const [a, b] = pair();
    expect(a.announceConfig('{"seed":1}')).toBe(true);
    expect(a.announceRecords(record(1))).toBe(true);
    expect(a.announceSample({ round: 1, text: 'Call me', by: id(1) })).toBe(true);
    expect(a.setPresence(presence(id(1)))).toBe(true);
    const view = b.view();
    expect(view.config).toBe('{"seed":1}');
    expect(view.records).toEqual([record(1)]);
    expect(view.curve).toEqual([{ round: 1, train: 5.499, validation: undefined }]);
    expect(view.sample).toEqual({ round: 1, text: 'Call me', by: id(1) });
    expect(view.presences).toEqual([presence(id(1))]);
    expect(view.rejections).toEqual({});
    expect(b.view()).toBe(view);
  });

  it('keeps 8 records, 256 points of a long curve with its newest, and a small size, whoever writes', () => {
    const docs = joined(3);
    for (let round = 1; round <= 1500; round++) {
      docs[round % 3]?.announceRecords(record(round));
      if (round % 5 === 0) docs[round % 2]?.announceSample({ round, text: 'x'.repeat(200), by: id(1) });
    }
    for (const doc of docs) {
      const view = doc.view();
      expect(view.records.map(({ round }) => round)).toEqual([
        1493, 1494, 1495, 1496, 1497, 1498, 1499, 1500,
      ]);
      expect(view.curve.length).toBeGreaterThan(120);
      expect(view.curve.length).toBeLessThanOrEqual(256);
      expect(view.curve.at(-1)?.round).toBe(1500);
      expect(view.curve[0]?.round).toBeLessThan(20);
      expect(view.documentBytes).toBeLessThan(24 << 10);
    }
    expect(docs[0]?.view().curve).toEqual(docs[2]?.view().curve);
  });

  it('forgets the records, the curve and the sample of another run', () => {
    const [a, b] = pair();
    a.announceConfig('one');
    a.announceRecords(record(3));
    a.announceSample({ round: 3, text: 'x', by: id(1) });
    b.announceConfig('one');
    expect(b.view().records).toHaveLength(1);
    b.announceConfig('two');
    expect(a.view()).toMatchObject({ config: 'two', records: [], curve: [], sample: undefined });
  });

  it('cuts a long sample, and announces nothing malformed of its own', () => {
    const [a, b] = pair();
    a.announceSample({ round: 1, text: '"\\\u0001'.repeat(400), by: id(1) });
    expect(b.view().sample?.text).toHaveLength(500);
    expect(a.announceRecords(record(1, { train: NaN }))).toBe(false);
    expect(a.setPresence(presence(id(1), { adapter: 'x'.repeat(121) }))).toBe(false);
    expect(a.view().rejections['own-announcement-malformed']).toBe(2);
  });

  it('drops and counts what is malformed, and shows the rest', () => {
    const [hostile, victim] = pair();
    hostile.announceRecords(record(2));
    const page = hostile.doc.getMap('run').get('page') as Y.Map<unknown>;
    const bad: unknown[] = [
      7,
      null,
      '',
      '{',
      '[]',
      '{"round":1}',
      JSON.stringify(record(1, { state: 'x' })),
      JSON.stringify(record(1, { tokens: -1 })),
      'x'.repeat(5000),
    ];
    bad.forEach((value, i) => page.set(String(100 + i), value));
    page.set('7', JSON.stringify(record(8)));
    page.set('8', new Y.Map());
    page.set('past', '{"records":[],"curve":[[1,1e400,null]]}');
    page.set('sample', JSON.stringify({ round: 1, text: 'x'.repeat(501), by: id(1) }));
    hostile.doc.getMap('run').set('config', 'x'.repeat(16_385));
    hostile.awareness.setLocalState({ starling: { ...presence(id(2)), id: '__proto__' }, user: 'someone' });
    const view = victim.view();
    expect(view.records).toEqual([record(2)]);
    expect(view.curve.map(({ round }) => round)).toEqual([2]);
    expect([view.config, view.sample, view.presences]).toEqual([undefined, undefined, []]);
    expect(view.rejections['announcement-malformed']).toBe(bad.length + 2 + 1 + 1 + 1 + 1);
  });

  it('outlives a page that is none', () => {
    const [hostile, victim] = pair();
    hostile.doc.getMap('run').set('page', 'not a page');
    expect(victim.view()).toMatchObject({ records: [], rejections: { 'announcement-malformed': 1 } });
    expect(victim.announceRecords(record(5))).toBe(true);
    expect(hostile.view().records).toEqual([record(5)]);
  });

  it('shows us as ourselves though another tab says our id', () => {
    const [a, b] = pair();
    a.setPresence(presence(id(1), { state: 'training' }));
    b.setPresence(presence(id(1), { state: 'finished' }));
    expect(a.view().presences.map(({ state }) => state)).toEqual(['training']);
  });

  it('shows the name that a tab gives itself, and a bad one not at all, but counts it', () => {
    const [a, b] = pair();
    expect(a.setPresence(presence(id(1), { name: 'Ada' }))).toBe(true);
    expect(b.view().presences).toEqual([presence(id(1), { name: 'Ada' })]);
    expect(b.view().rejections).toEqual({});
    const bad: unknown[] = ['', ' Ada', 'a\u202eb', 'x'.repeat(25), 7, null, { toString: 'Ada' }, ['Ada']];
    for (const name of bad) {
      b.awareness.setLocalState({ starling: { ...presence(id(2)), name } });
      expect(a.view().presences.map((one) => [one.id, one.name])).toEqual([
        [id(1), 'Ada'],
        [id(2), undefined],
      ]);
      expect(a.view().rejections).toEqual({ 'name-malformed': 1 });
    }
    b.awareness.setLocalState({ starling: presence(id(2)) });
    expect(a.view().rejections).toEqual({});
  });

  it('shows no name for an id that two tabs name differently, except our own', () => {
    const [a, b] = pair();
    a.setPresence(presence(id(1), { name: 'Ada' }));
    b.setPresence(presence(id(1), { name: 'Mallory' }));
    expect(a.view().presences.map(({ name }) => name)).toEqual(['Ada']);
    const watching = new SharedDoc();
    watching.awareness.states.set(1, { starling: presence(id(1), { name: 'Ada' }) });
    watching.awareness.states.set(2, { starling: presence(id(1), { name: 'Mallory' }) });
    watching.changed();
    expect(watching.view().presences.map(({ name }) => name)).toEqual([undefined]);
    expect(watching.view().rejections).toEqual({ 'name-malformed': 1 });
  });

  it('writes no more into a full document, and says so', () => {
    const [a] = pair();
    a.doc.getMap('other').set('bulk', 'x'.repeat(documentLimitBytes - 1000));
    expect(a.announceRecords(record(1))).toBe(false);
    expect(a.view().rejections).toEqual({ 'document-full': 1 });
    expect(a.view().documentBytes).toBeGreaterThan(documentLimitBytes - 1000);
  });

  it('counts what Yjs keeps of updates whose predecessors never come, though nothing says that they came', () => {
    const [a] = pair();
    const changed = vi.fn();
    a.doc.on('update', changed);
    for (let i = 1; i <= 3; i++) {
      const other = new Y.Doc();
      other.getMap('run').set('first', i);
      const before = Y.encodeStateVector(other);
      other.getMap('run').set('second', 'x'.repeat(50_000));
      Y.applyUpdate(a.doc, Y.encodeStateAsUpdate(other, before), 'network');
      expect(a.encodedBytes()).toBeGreaterThan(i * 50_000);
    }
    expect(changed).not.toHaveBeenCalled();
    expect(a.announceRecords(record(1))).toBe(false);
  });

  it('says nothing about itself again when nothing changed', () => {
    const [a] = pair();
    const update = vi.fn();
    a.setPresence(presence(id(1)));
    a.awareness.on('update', update);
    a.setPresence(presence(id(1)));
    expect(update).not.toHaveBeenCalled();
    a.setPresence(undefined);
    expect(a.view().presences).toEqual([]);
  });
});

describe('the decimation of a curve', () => {
  it('keeps the newest, thins evenly, and never exceeds its limit', () => {
    const random = new SeededRandom(11);
    for (let i = 0; i < fuzzRounds(200); i++) {
      const rounds = [...new Set(Array.from({ length: 1 + random.below(700) }, () => random.below(5000)))];
      rounds.sort((a, b) => a - b);
      const kept = decimate(rounds, 256);
      expect(kept.length, `seed 11, list ${i}`).toBeLessThanOrEqual(256);
      expect(kept.at(-1)).toBe(rounds.at(-1));
      if (rounds.length <= 256) expect(kept).toBe(rounds);
    }
  });
});

function syncMessage(write: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 0);
  write(encoder);
  return encoding.toUint8Array(encoder);
}

const bounds: PeerBounds = {
  documentFull: () => false,
  knownClock: () => 0,
  awareness: {
    self: () => 0,
    inOurName: () => undefined,
    isKnown: () => false,
    mayAdd: () => true,
    count: () => undefined,
  },
  arrived: () => undefined,
};

describe('what another tab sends over y-webrtc', () => {
  const source = new SharedDoc();
  source.announceConfig('config');
  source.announceRecords(record(1));
  const whole = syncMessage((encoder) => writeSyncStep2(encoder, source.doc));

  it('passes when it is well-formed', () => {
    expect(judgePeerMessage(whole, bounds)).toBe(whole);
    expect(
      judgePeerMessage(
        syncMessage((encoder) => writeSyncStep1(encoder, source.doc)),
        bounds,
      ),
    ).toBeInstanceOf(Uint8Array);
    expect(judgePeerMessage(whole, { ...bounds, documentFull: () => true })).toBe('document-full');
  });

  it('is refused when it is too long or no bytes', () => {
    expect(judgePeerMessage(new Uint8Array(maxPeerMessageBytes + 1), bounds)).toBe('peer-message-too-long');
    expect(judgePeerMessage('text', bounds)).toBe('peer-message-not-bytes');
    expect(judgePeerMessage(new Uint8Array(0), bounds)).toBe('peer-message-malformed');
  });

  it('is refused when it is of no kind that belongs on WebRTC', () => {
    const query = new Uint8Array([3]);
    expect(judgePeerMessage(query, bounds)).toBe(query);
    // "I am the tab `x` of your own browser."
    expect(judgePeerMessage(new Uint8Array([4, 1, 1, 120]), bounds)).toBe('peer-message-unknown-kind');
    expect(judgePeerMessage(new Uint8Array([2, 0]), bounds)).toBe('peer-message-unknown-kind');
  });

  it('must come over a connection that opens: one that does not is given up, or it would keep others out', () => {
    const connections = new Map<string, WebrtcConn>();
    const provider = { room: { webrtcConns: connections } } as unknown as WebrtcProvider;
    const [count, clock] = [vi.fn(), new ManualClock()];
    guardPeers(provider, count, bounds, clock, () => undefined);
    const states = { silent: {}, open: { connected: true }, gone: { closed: true } };
    const destroyed: string[] = [];
    for (const [name, state] of Object.entries(states)) {
      const peer = { emit: () => true };
      const connection = {
        peer,
        connected: false,
        closed: false,
        destroy: () => destroyed.push(name),
        ...state,
      };
      connections.set(name, connection as unknown as WebrtcConn);
    }
    clock.advance(29_999);
    expect(destroyed).toEqual([]);
    clock.advance(1);
    expect([destroyed, count.mock.calls]).toEqual([['silent'], [['peer-never-connected']]]);
  });

  it('never makes the check throw, however it was changed (20,000 messages, seed 9)', () => {
    const random = new SeededRandom(9);
    let refused = 0;
    for (let i = 0; i < fuzzRounds(20_000); i++) {
      const message = whole.slice(0, random.below(4) === 0 ? random.below(whole.length) : whole.length);
      for (let change = random.below(6); change >= 0 && message.length > 0; change--)
        message[random.below(message.length)] = random.below(256);
      if (judgePeerMessage(message, bounds) !== undefined) refused++;
    }
    expect(refused).toBeGreaterThan(1000);
  });

  it('is caught when y-webrtc throws on it all the same', () => {
    const connections = new Map<string, WebrtcConn>();
    const provider = { room: { webrtcConns: connections } } as unknown as WebrtcProvider;
    const count = vi.fn();
    const changed = vi.fn();
    const clock = new ManualClock();
    guardPeers(provider, count, bounds, clock, changed);
    const reached: unknown[] = [];
    const peer = {
      emit(name: string, data?: unknown) {
        if (name === 'data') reached.push(data);
        if (name === 'data' && (data as Uint8Array)[0] === 3) throw new Error('y-webrtc threw');
        return true;
      },
    };
    connections.set('someone', { peer } as unknown as WebrtcConn);
    peer.emit('data', whole);
    peer.emit('data', new Uint8Array([3]));
    peer.emit('data', new Uint8Array([0, 2, 200]));
    peer.emit('connect');
    expect(reached).toHaveLength(2);
    expect(count.mock.calls).toEqual([['peer-handler-failed'], ['peer-message-malformed']]);
    expect(changed).toHaveBeenCalledTimes(1);
  });
});

describe('what a signaling server sends to y-webrtc', () => {
  const build = () => {
    const reached: unknown[] = [];
    const socket = { onmessage: (event: { data: string }) => line.emit('message', [JSON.parse(event.data)]) };
    const line = {
      providers: new Set<unknown>(),
      ws: socket,
      emit(_name: string, args: unknown[]) {
        reached.push(args[0]);
        if ((args[0] as { data?: { boom?: boolean } }).data?.boom === true)
          throw new TypeError('y-webrtc threw');
      },
      send(_message: unknown) {
        throw new Error('still connecting');
      },
    };
    const provider = {
      roomName: 'room',
      room: { webrtcConns: new Map(Array.from({ length: 64 }, (_, i) => [`known ${i}`, {}])) },
      signalingConns: [line],
    } as unknown as WebrtcProvider;
    line.providers.add(provider);
    const count = vi.fn();
    guardSignaling(provider, count);
    guardSignaling(provider, count);
    line.emit('connect', [{}]);
    reached.length = 0;
    const reasons = () => count.mock.calls.map(([reason]) => reason as string);
    return { socket, line, reached, reasons };
  };
  const publish = (data: unknown) => ({ type: 'publish', topic: 'room', data });

  it('passes announces and signals of those it knows', () => {
    const { line, reached, reasons } = build();
    const from = 'known 3';
    line.emit('message', [publish({ type: 'announce', from })]);
    line.emit('message', [
      publish({ type: 'signal', from, to: 'us', token: 1, signal: { type: 'offer', sdp: 'v=0' } }),
    ]);
    line.emit('message', [{ type: 'pong' }]);
    expect([reached.length, reasons()]).toEqual([3, []]);
  });

  it('drops what y-webrtc would throw on, and catches what it throws', () => {
    const { socket, line, reached, reasons } = build();
    const from = 'known 3';
    const bad: unknown[] = [
      null,
      publish(null),
      publish({ type: 'signal', from }),
      publish({ type: 'signal', from, signal: { type: 'transceiverRequest' } }),
      publish({ type: 'signal', from: {}, signal: { type: 'answer', sdp: '' } }),
      publish({ type: 'announce', from: 'stranger 65' }),
    ];
    for (const message of bad) line.emit('message', [message]);
    expect([reached.length, reasons()]).toEqual([0, bad.map(() => 'signaling-wrong-shape')]);
    line.emit('message', [publish({ type: 'announce', from, boom: true })]);
    socket.onmessage({ data: 'not JSON' });
    line.send({ type: 'ping' });
    expect(reasons().slice(bad.length)).toEqual([
      'signaling-handler-failed',
      'signaling-not-json',
      'signaling-not-sent',
    ]);
  });
});
