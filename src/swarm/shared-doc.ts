import { WebrtcProvider } from 'y-webrtc';
import { realClock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import { maxPresences, type Presence } from './announcements.ts';
import { guardPeers, guardSignaling } from './shared-doc-guard.ts';
import { documentLimitBytes } from './announcements.ts';
import { SharedDoc } from './shared-doc-state.ts';

export interface SharedDocOptions {
  readonly room: string;
  /** ws: or wss: addresses; y-webrtc's own default servers are never used. */
  readonly signalingUrls: readonly string[];
  readonly iceServers?: readonly RTCIceServer[];
  readonly presence?: Presence;
}

export interface OpenSharedDoc {
  readonly shared: SharedDoc;
  /** Tells the others that this tab goes, and closes. The room can be opened again when it resolves. */
  close(): Promise<void>;
}

const openRooms = new Set<string>();

/**
 * Joins a room's shared document over y-webrtc: tabs of one browser over BroadcastChannel, others over WebRTC. Throws
 * StarlingError `room-already-open` for a room this page has open: y-webrtc allows one provider a room.
 */
export async function openSharedDoc(options: SharedDocOptions): Promise<OpenSharedDoc> {
  const { room, signalingUrls, iceServers = [], presence } = options;
  if (openRooms.has(room)) {
    throw new StarlingError(
      'room-already-open',
      `This page is already in the room ${room}.`,
      'Reload the page.',
    );
  }
  openRooms.add(room);
  const shared = new SharedDoc();
  const count = (reason: string) => shared.countRejection(reason);
  const provider = new WebrtcProvider(room, shared.doc, {
    signaling: [...signalingUrls],
    awareness: shared.awareness,
    peerOpts: { config: { iceServers: [...iceServers] } },
  });
  guardSignaling(provider, count);
  // The room is made once the (absent) password's key is there.
  await provider.key;
  const bounds = {
    documentFull: (moreBytes: number) => shared.encodedBytes() + moreBytes > 2 * documentLimitBytes,
    awarenessFull: () => shared.awareness.getStates().size >= 4 * maxPresences,
  };
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
  for (const line of provider.signalingConns as { on(name: string, listener: () => void): void }[]) {
    line.on('connect', () => shared.changed());
    line.on('disconnect', () => shared.changed());
  }
  shared.setPresence(presence);
  return {
    shared,
    async close() {
      if (!openRooms.has(room)) return;
      // Alone, provider.destroy() would leave its sockets open.
      provider.disconnect();
      provider.destroy();
      await provider.key;
      shared.doc.destroy();
      openRooms.delete(room);
    },
  };
}
