import { WebrtcProvider } from 'y-webrtc';
import { realClock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import type { Presence } from './announcements.ts';
import type { Seal } from './invitation.ts';
import { boundsOf, closeBroadcast, guardBroadcast, guardPeers } from './shared-doc-guard.ts';
import { askAgain } from './shared-doc-healing.ts';
import { guardSignaling, type GuardedRoom } from './shared-doc-signaling.ts';
import { SharedDoc } from './shared-doc-state.ts';

export interface SharedDocOptions {
  readonly room: string;
  /** ws: or wss: addresses; y-webrtc's own default servers are never used. */
  readonly signalingUrls: readonly string[];
  readonly iceServers?: readonly RTCIceServer[];
  readonly presence?: Presence;
  /** Of a room by invitation: only holders of its key find each other there. */
  readonly seal?: Seal | undefined;
}

export interface OpenSharedDoc {
  readonly shared: SharedDoc;
  /** Tells the others that this tab goes, and closes. The room can be opened again when it resolves. */
  close(): Promise<void>;
}

/** Rooms open in this page. */
const openRooms = new Map<string, GuardedRoom>();

interface Observable {
  on(name: string, listener: () => void): void;
  off(name: string, listener: () => void): void;
}

/**
 * Joins a room's shared document over y-webrtc: tabs of one browser over BroadcastChannel, others over WebRTC. Throws
 * StarlingError `room-already-open` for a room this page has open: y-webrtc allows one provider a room.
 */
export async function openSharedDoc(options: SharedDocOptions): Promise<OpenSharedDoc> {
  const { room, signalingUrls, iceServers = [], presence, seal } = options;
  if (openRooms.has(room)) {
    throw new StarlingError(
      'room-already-open',
      `This page is already in the room ${room}.`,
      'Reload the page.',
    );
  }
  const shared = new SharedDoc();
  const count = (reason: string) => shared.countRejection(reason);
  openRooms.set(room, { count, seal });
  const provider = new WebrtcProvider(room, shared.doc, {
    signaling: [...signalingUrls],
    awareness: shared.awareness,
    peerOpts: { config: { iceServers: [...iceServers] } },
  });
  guardSignaling(provider, count, openRooms);
  // The room is made once the (absent) password's key is there.
  await provider.key;
  const healing = askAgain(provider, shared, realClock);
  const bounds = boundsOf(shared, healing.look);
  guardBroadcast(provider, count, bounds);
  guardPeers(provider, count, bounds, realClock, () => shared.changed());
  shared.connection = () => {
    const connections = [...(provider.room?.webrtcConns.values() ?? [])];
    const sameBrowser = provider.room?.bcConns.size ?? 0;
    return {
      connected: sameBrowser > 0 || connections.some(({ connected }) => connected),
      synced: sameBrowser > 0 || connections.some(({ connected, synced }) => connected && synced),
      signaling: (provider.signalingConns as { connected: boolean }[]).some(({ connected }) => connected),
    };
  };
  for (const event of ['peers', 'synced', 'status'] as const) provider.on(event, () => shared.changed());
  const lines = provider.signalingConns as Observable[];
  const changed = () => shared.changed();
  for (const line of lines) {
    line.on('connect', changed);
    line.on('disconnect', changed);
  }
  shared.setPresence(presence);
  let closed = false;
  return {
    shared,
    async close() {
      if (closed) return;
      closed = true;
      healing.end();
      for (const line of lines) {
        line.off('connect', changed);
        line.off('disconnect', changed);
      }
      // Yjs may have given us another client number since, and y-webrtc says goodbye by the newest.
      shared.awareness.setLocalState(null);
      // Alone, provider.destroy() would leave its sockets open.
      provider.disconnect();
      provider.destroy();
      await provider.key;
      shared.doc.destroy();
      await new Promise<void>((resolve) => realClock.after(0, resolve));
      closeBroadcast(room);
      openRooms.delete(room);
    },
  };
}
