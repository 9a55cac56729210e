// Bundled by signaling.spec.ts: a stock y-webrtc client, with none of our guards before it.
import { WebrtcProvider } from 'y-webrtc';
import * as Y from 'yjs';

const doc = new Y.Doc();
let provider: WebrtcProvider | undefined;

export function join(room: string, signalingUrl: string): void {
  provider = new WebrtcProvider(room, doc, {
    signaling: [signalingUrl],
    peerOpts: { config: { iceServers: [] } },
  });
}

export function write(key: string, value: number): void {
  doc.getMap('said').set(key, value);
}

/** What the document says, and by which ways other clients are reached. */
export function look() {
  return {
    said: doc.getMap('said').toJSON(),
    overWebRtc: [...(provider?.room?.webrtcConns.values() ?? [])].filter(({ connected }) => connected).length,
    overBroadcastChannel: provider?.room?.bcConns.size ?? 0,
  };
}
