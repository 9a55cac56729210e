import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { applyAwarenessUpdate } from 'y-protocols/awareness';
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync';
import * as Y from 'yjs';
import { utf8, type Bytes } from '../../src/base/bytes.ts';
import { ManualClock } from '../../src/base/clock.ts';
import type { PeerId } from '../../src/base/ids.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import { accepted, refused, type Decoded } from '../../src/base/verdict.ts';
import {
  maxCurvePoints,
  maxPresences,
  maxRecords,
  type Announcements,
} from '../../src/swarm/announcements.ts';
import { boundsOf, judgePeerMessage } from '../../src/swarm/shared-doc-guard.ts';
import { guardSignaling } from '../../src/swarm/shared-doc-signaling.ts';
import { SharedDoc } from '../../src/swarm/shared-doc-state.ts';
import { recordAnnouncement } from './announcement-targets.ts';
import { draw, drawHex, oneIn, pick } from './draw.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { jsonText, mutateValue } from './mutate-values.ts';
import { fuzzTarget, type FuzzTarget } from './target.ts';

const sync = 0;
const awareness = 1;
const queryAwareness = 3;

/** What a hostile tab writes: entries of the page by key, and what it says of itself. */
interface Scribble {
  readonly entries: readonly (readonly [string, unknown])[];
  readonly presence: unknown;
}

function scribble(random: SeededRandom): Scribble {
  const records = Array.from({ length: 1 + draw(random, 3) }, () => recordAnnouncement(random));
  const by = drawHex(random, 16) as PeerId;
  return {
    entries: [
      ...records.map((record) => [String(record.round), record] as const),
      ['past', { records, curve: records.map(({ round }) => [round, 3.25, null]) }],
      ['sample', { round: 3, text: 'Call me', by }],
    ],
    presence: {
      id: by,
      adapter: 'a',
      software: true,
      tokensPerSecond: 5,
      state: 'training',
      round: 3,
      member: true,
    },
  };
}

function message(kind: number, write: (encoder: encoding.Encoder) => void): Bytes {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, kind);
  write(encoder);
  return new Uint8Array(encoding.toUint8Array(encoder));
}

/** One of the messages of y-webrtc, with the scribble in it. */
function scribbled(random: SeededRandom, { entries, presence }: Scribble): Bytes {
  const form = draw(random, 16);
  if (form === 0) return message(queryAwareness, () => undefined);
  if (form <= 4)
    return message(awareness, (encoder) => {
      const inner = encoding.createEncoder();
      encoding.writeVarUint(inner, 1);
      encoding.writeVarUint(inner, 8 + draw(random, 1000));
      encoding.writeVarUint(inner, 1);
      encoding.writeVarString(inner, jsonText({ starling: presence }));
      encoding.writeVarUint8Array(encoder, encoding.toUint8Array(inner));
    });
  const doc = new Y.Doc();
  doc.clientID = 8 + draw(random, 1000);
  const page = new Y.Map<unknown>();
  doc.transact(() => {
    const run = doc.getMap('run');
    run.set('config', drawHex(random, 40));
    run.set('page', page);
    for (const [key, value] of entries) page.set(key, oneIn(random, 16) ? 7 : jsonText(value));
  });
  const bytes = message(sync, (encoder) => {
    if (form === 5) writeSyncStep1(encoder, doc);
    else writeUpdate(encoder, Y.encodeStateAsUpdate(doc));
  });
  doc.destroy();
  return bytes;
}

/** What a tab does with a message from another: guard, then Yjs (whose exceptions are caught), then look. */
function receive(bytes: Bytes): Decoded<Announcements> {
  const shared = new SharedDoc(ownDoc(), new ManualClock());
  try {
    const judged = judgePeerMessage(
      bytes,
      boundsOf(shared, () => undefined),
    );
    if (typeof judged === 'string') return refused(judged);
    if (judged === undefined) return refused('nothing of it is kept');
    try {
      hand(judged, shared);
    } catch {
      return refused('peer-handler-failed');
    }
    return accepted(shared.view());
  } finally {
    shared.awareness.destroy();
    shared.doc.destroy();
  }
}

function ownDoc(): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = 7;
  return doc;
}

/** As y-webrtc does. */
function hand(bytes: Uint8Array, { doc, awareness: states }: SharedDoc): void {
  const decoder = decoding.createDecoder(bytes);
  switch (decoding.readVarUint(decoder)) {
    case sync:
      readSyncMessage(decoder, encoding.createEncoder(), doc, 'peer', (error) => {
        throw error; // y-webrtc gives no handler: there it is logged
      });
      break;
    case awareness:
      applyAwarenessUpdate(states, decoding.readVarUint8Array(decoder), 'peer');
      break;
    default:
  }
}

const peerMessage = fuzzTarget<Scribble, Announcements>({
  name: 'document-message',
  firstGuard: 'y-webrtc would know its kind',
  share: 1 / 8,
  sample(random) {
    const value = scribble(random);
    return { value, bytes: scribbled(random, value) };
  },
  mutate(random, sample, other) {
    if (oneIn(random, 2)) return mutateBytes(random, sample.bytes, other.bytes, { head: 2, stride: 1 });
    const { entries, presence } = sample.value;
    const at = draw(random, entries.length);
    const changed = {
      entries: entries.map(([key, value], index) =>
        index === at
          ? ([oneIn(random, 8) ? '__proto__' : key, mutateValue(random, value, 'json')] as const)
          : ([key, value] as const),
      ),
      presence: mutateValue(random, presence, 'json'),
    };
    const bytes = scribbled(random, changed);
    return oneIn(random, 4) ? mutateBytes(random, bytes, other.bytes, { head: 2, stride: 1 }) : bytes;
  },
  decode: receive,
  isPast: (_bytes, outcome) => outcome.ok || outcome.reason !== 'peer-message-unknown-kind',
  encode: () => undefined, // what is seen is one look at the document, not the message
  problem: ({ config, presences, records, curve, sample }) => {
    if (records.length > maxRecords || curve.length > maxCurvePoints || presences.length > maxPresences)
      return 'more is shown than the bounds allow';
    const shown: unknown[] = [config, sample, ...presences, ...records, ...curve];
    return shown.every((each) => each === undefined || JSON.stringify(each).length < 20_000)
      ? undefined
      : 'something shown is too long';
  },
});

/** What a signaling server sends to y-webrtc, as an object already: lib0 has parsed it. */
const signalingEvent = fuzzTarget<unknown, unknown>({
  name: 'document-signaling',
  firstGuard: 'parses as JSON',
  sample(random) {
    const [from, to] = [drawHex(random, 8), drawHex(random, 8)];
    const signal = oneIn(random, 2)
      ? { type: pick(random, ['offer', 'answer']), sdp: 'v=0' }
      : { type: 'candidate', candidate: { candidate: 'candidate:1', sdpMid: '0' } };
    const data = oneIn(random, 3) ? { type: 'announce', from } : { type: 'signal', from, to, signal };
    const value = { type: 'publish', topic: 'room', clients: 2, data };
    return { value, bytes: utf8(jsonText(value)) };
  },
  mutate(random, sample, other) {
    if (oneIn(random, 5)) return mutateBytes(random, sample.bytes, other.bytes);
    return utf8(jsonText(mutateValue(random, sample.value, 'json')));
  },
  decode(bytes) {
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      return refused('not JSON');
    }
    let [taken, reason] = [0, 'nothing was said'];
    const line = { providers: new Set<unknown>(), ws: null, emit: () => void taken++, send: () => undefined };
    const provider = { signalingConns: [line], roomName: 'room', room: null };
    line.providers.add(provider);
    guardSignaling(provider as unknown as Parameters<typeof guardSignaling>[0], (said) => (reason = said));
    (line.emit as (name: string, args: unknown[]) => void)('message', [value]);
    return taken === 1 ? accepted(value) : refused(reason);
  },
  isPast: (_bytes, outcome) => outcome.ok || outcome.reason !== 'not JSON',
  encode: () => undefined, // it passes on what it was given
});

export const documentTargets: readonly FuzzTarget[] = [peerMessage, signalingEvent];
