import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import type { Clock } from '../base/clock.ts';
import type { PeerId } from '../base/ids.ts';
import type { Presence, RecordAnnouncement } from './announcements.ts';
import { boundsOf, judgePeerMessage } from './shared-doc-guard.ts';
import { SharedDoc } from './shared-doc-state.ts';
import type { OpenSharedDoc } from './shared-doc.ts';

export const idOf = (digit: number) => digit.toString(16).padStart(2, '0').repeat(16) as PeerId;

export const recordOf = (round: number, more: Partial<RecordAnnouncement> = {}): RecordAnnouncement => ({
  round,
  leader: idOf(1),
  contributions: 64,
  tokens: 16_384,
  train: 5.5 - round / 10_000,
  validation: round % 10 === 0 ? 5.6 - round / 10_000 : undefined,
  state: 'ab'.repeat(16),
  ...more,
});

export const presenceOf = (who: PeerId, more: Partial<Presence> = {}): Presence => ({
  id: who,
  adapter: 'SwiftShader',
  software: true,
  tokensPerSecond: 120.5,
  state: 'training',
  round: 4,
  member: true,
  ...more,
});

export const syncMessage = (update: Uint8Array, step = 2): Uint8Array => {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 0);
  encoding.writeVarUint(encoder, step);
  encoding.writeVarUint8Array(encoder, update);
  return encoding.toUint8Array(encoder);
};

export const awarenessMessage = (update: Uint8Array): Uint8Array => {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 1);
  encoding.writeVarUint8Array(encoder, update);
  return encoding.toUint8Array(encoder);
};

/** Gives a document a message as y-webrtc's data handler would, behind the same guards; false: refused. */
export function receive(shared: SharedDoc, message: Uint8Array): boolean {
  const judged = judgePeerMessage(
    message,
    boundsOf(shared, () => undefined),
  );
  if (typeof judged === 'string') shared.countRejection(judged);
  if (!(judged instanceof Uint8Array)) return judged === undefined;
  const decoder = decoding.createDecoder(judged);
  try {
    if (decoding.readVarUint(decoder) === 0) {
      decoding.readVarUint(decoder);
      Y.applyUpdate(shared.doc, decoding.readVarUint8Array(decoder), 'network');
    } else {
      applyAwarenessUpdate(shared.awareness, decoding.readVarUint8Array(decoder), 'network');
    }
    return true;
  } catch {
    shared.countRejection('peer-handler-failed');
    return false;
  }
}

/** Rooms whose tabs are all connected to each other, in one process, behind the guards. Messages wait for `settle`. */
export class DocumentNetwork {
  readonly #rooms = new Map<string, SharedDoc[]>();
  readonly #queue: (() => void)[] = [];
  readonly #clock: Clock;
  messages = 0;
  bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  tabsIn(room: string): readonly SharedDoc[] {
    return this.#rooms.get(room) ?? [];
  }

  /** As openSharedDoc, for one tab: it throws where that tab has the room open. */
  tab(): (room: string) => Promise<OpenSharedDoc> {
    const open = new Set<string>();
    return (room) => {
      if (open.has(room)) return Promise.reject(new Error(`${room} is open already`));
      open.add(room);
      const shared = this.#join(room);
      return Promise.resolve({
        shared,
        close: () => {
          open.delete(room);
          this.#rooms.set(
            room,
            this.tabsIn(room).filter((other) => other !== shared),
          );
          shared.doc.destroy();
          return Promise.resolve();
        },
      });
    };
  }

  /** Delivers all messages, in the order they were sent, and those that they cause. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        quiet = 0;
        next();
      }
      await Promise.resolve();
      await Promise.resolve();
    }
  }

  #send(to: SharedDoc, room: string, message: Uint8Array): void {
    this.messages++;
    this.bytes += message.length;
    this.#queue.push(() => {
      if (this.tabsIn(room).includes(to)) receive(to, message);
    });
  }

  #join(room: string): SharedDoc {
    const shared = new SharedDoc(new Y.Doc(), this.#clock);
    shared.connection = () => ({ connected: true, synced: true, signaling: true });
    const others = this.tabsIn(room);
    this.#rooms.set(room, [...others, shared]);
    const rest = () => this.tabsIn(room).filter((other) => other !== shared);
    shared.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'network') for (const other of rest()) this.#send(other, room, syncMessage(update));
    });
    shared.awareness.on('update', (_change: unknown, origin: unknown) => {
      if (origin === 'network') return;
      const update = encodeAwarenessUpdate(shared.awareness, [shared.awareness.clientID]);
      for (const other of rest()) this.#send(other, room, awarenessMessage(update));
    });
    for (const other of others) {
      this.#send(shared, room, syncMessage(Y.encodeStateAsUpdate(other.doc), 1));
      const states = [...other.awareness.getStates().keys()];
      this.#send(shared, room, awarenessMessage(encodeAwarenessUpdate(other.awareness, states)));
    }
    return shared;
  }
}
