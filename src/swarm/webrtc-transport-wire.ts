import SimplePeer, { type Options } from 'simple-peer/simplepeer.min.js';
import type { Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { LinkStats } from './transport.ts';
import type { SignalBody } from './webrtc-transport-signals.ts';

export type WireSignal = Exclude<SignalBody, { kind: 'announce' | 'hello' }>;
type Unnumbered<T> = T extends unknown ? Omit<T, 'link'> : never;
/** A wire's own part of a signal: the link that holds it adds its number. */
export type WireSignalBody = Unnumbered<WireSignal>;

/** What a wire tells its link. `closed` comes once, and nothing after it; `frame` only after `open`. */
export interface WireHandlers {
  signal(body: WireSignalBody): void;
  open(): void;
  /** The memory belongs to the wire. */
  frame(bytes: Uint8Array): void;
  /** `bufferedAmount` fell below `lowWaterBytes`. */
  low(): void;
  closed(): void;
}

export type WireStats = Omit<LinkStats, 'peer'>;

/** One data channel over one peer connection. */
export interface Wire {
  /** Takes what the other side signalled. May throw on nonsense. */
  signal(body: WireSignalBody): void;
  /** Throws when the channel is not open. */
  send(frame: Bytes): void;
  readonly bufferedAmount: number;
  /** What the browser counted on this data channel, and measured on the connection under it. */
  stats(): Promise<WireStats>;
  /** Ends the channel once what was sent has left; the other side is told at once, without waiting for silence. */
  finish(): void;
  close(): void;
}

export type OpenWire = (initiator: boolean, handlers: WireHandlers) => Wire;

/** Below this much queued in the channel, more is handed to it. */
export const lowWaterBytes = 1 << 20;

/** How often a channel that does not say when it drains is asked. */
const drainPollMs = 20;

/** Calls `low` once a channel that does not say so itself (Node's WebRTC) has drained. */
class DrainWatch {
  readonly #channel: RTCDataChannel;
  readonly #clock: Clock;
  readonly #low: () => void;
  #watching = false;

  constructor(channel: RTCDataChannel, clock: Clock, low: () => void) {
    this.#channel = channel;
    this.#clock = clock;
    this.#low = low;
  }

  /** To be called after every send. */
  sent(): void {
    if (this.#watching || this.#channel.bufferedAmount <= lowWaterBytes) return;
    this.#watching = true;
    this.#clock.after(drainPollMs, () => {
      this.#watching = false;
      if (this.#channel.readyState !== 'open') return;
      if (this.#channel.bufferedAmount <= lowWaterBytes) this.#low();
      else this.sent();
    });
  }
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** What there is for us in the reports of getStats(): bytes of data channels, and the round trip of the path in use. */
export function wireStatsOf(reports: readonly Readonly<Record<string, unknown>>[]): WireStats {
  let [bytesUp, bytesDown] = [0, 0];
  let selected: unknown;
  for (const report of reports) {
    if (report['type'] === 'transport') selected = report['selectedCandidatePairId'] ?? selected;
    if (report['type'] !== 'data-channel') continue;
    bytesUp += numberOf(report['bytesSent']);
    bytesDown += numberOf(report['bytesReceived']);
  }
  // Firefox says `selected` on the pair itself; where nobody says it, the pair that both sides nominated is in use.
  const pairs = reports.filter(({ type, state }) => type === 'candidate-pair' && state === 'succeeded');
  const pair =
    pairs.find((one) => (selected === undefined ? one['selected'] === true : one['id'] === selected)) ??
    pairs.find((one) => one['nominated'] === true);
  const seconds = pair?.['currentRoundTripTime'];
  const isMeasured = typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0;
  return { bytesUp, bytesDown, rttMs: isMeasured ? 1_000 * seconds : undefined };
}

/** Wires of the browser's own WebRTC, or of `wrtc` where there is none. No ICE server is contacted but those given. */
export function simplePeerWires(options: {
  readonly iceServers: readonly RTCIceServer[];
  readonly clock: Clock;
  readonly wrtc?: Options['wrtc'];
}): OpenWire {
  return (initiator, handlers) => {
    const peer = new SimplePeer({
      initiator,
      config: { iceServers: [...options.iceServers] },
      channelName: 'starling',
      // Keeps one message one chunk, whatever the stream's own buffering does.
      objectMode: true,
      ...(options.wrtc === undefined ? {} : { wrtc: options.wrtc }),
    });
    let drain: DrainWatch | undefined;
    let opened = false;
    const open = () => {
      if (opened) return;
      opened = true;
      const channel = peer._channel;
      // Where there is no threshold there is no event either.
      if (channel !== null && typeof channel.bufferedAmountLowThreshold !== 'number') {
        drain = new DrainWatch(channel, options.clock, () => handlers.low());
      } else if (channel !== null) {
        channel.bufferedAmountLowThreshold = lowWaterBytes;
        channel.addEventListener('bufferedamountlow', () => handlers.low());
      }
      handlers.open();
    };
    peer.on('signal', (data) => {
      if (data.type === 'offer' || data.type === 'answer') {
        handlers.signal({ kind: data.type, sdp: data.sdp ?? '' });
      } else if (data.type === 'candidate') {
        const { candidate, sdpMid, sdpMLineIndex } = data.candidate;
        handlers.signal({ kind: 'candidate', candidate, sdpMid, sdpMLineIndex });
      }
    });
    peer.on('connect', open);
    peer.on('data', (chunk: unknown) => {
      // The first frame can come before simple-peer has found out which candidates connected and says 'connect'.
      open();
      handlers.frame(chunk instanceof Uint8Array ? chunk : new Uint8Array(0));
    });
    // simple-peer closes itself after every error.
    peer.on('error', () => undefined);
    peer.on('close', () => handlers.closed());
    return {
      signal(body) {
        if (body.kind === 'candidate') {
          const { candidate, sdpMid, sdpMLineIndex } = body;
          // RTCIceCandidateInit is all that simple-peer reads of it.
          const init = { candidate, sdpMid, sdpMLineIndex } as RTCIceCandidate;
          peer.signal({ type: 'candidate', candidate: init });
        } else {
          peer.signal({ type: body.kind, sdp: body.sdp });
        }
      },
      send(frame) {
        peer.send(frame);
        drain?.sent();
      },
      get bufferedAmount() {
        return peer.bufferSize;
      },
      stats: () =>
        new Promise((resolve, reject) => {
          peer.getStats((error, reports) => {
            if (error !== null) {
              reject(error);
              return;
            }
            resolve(wireStatsOf(reports));
          });
        }),
      finish() {
        // Its close event, when both sides are done, ends the connection too.
        if (peer._channel?.readyState === 'open') peer._channel.close();
        else peer.destroy();
      },
      close() {
        peer.destroy();
      },
    };
  };
}
