import type { simplePeerWires } from '../swarm/webrtc-transport-wire.ts';

/** RTCPeerConnection and what belongs to it, as a package brings them. */
export type NodeWebRtc = NonNullable<Parameters<typeof simplePeerWires>[0]['wrtc']>;

/** What browsers have and Node lacks: WebRTC, and before Node 22 WebSocket. */
export interface NodeNetwork {
  readonly wrtc: NodeWebRtc;
  readonly webSocket: unknown;
}

/**
 * Puts them where a browser has them. Our own transport takes its network as an argument; y-webrtc's signaling (lib0) knows
 * the global WebSocket only, and it and its WebRTC should come from one place.
 */
export function installNetwork({ wrtc, webSocket }: NodeNetwork): void {
  const { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate } = wrtc as Record<string, unknown>;
  Object.assign(globalThis, {
    RTCPeerConnection,
    RTCSessionDescription,
    RTCIceCandidate,
    WebSocket: webSocket,
  });
}
