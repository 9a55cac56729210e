import { copyBytes, type Bytes } from '../base/bytes.ts';
import type { PeerId } from '../base/ids.ts';
import { framedLength, framesOf, Reassembler } from './framing.ts';
import { maxMessageBytes, type ByteCounts, type LinkStats, type SendOutcome } from './transport.ts';
import type { OpenWire, Wire, WireSignalBody } from './webrtc-transport-wire.ts';

/** Frames are handed to the channel while it has less than this queued: a channel is closed by the browser at 16 MiB. */
export const highWaterBytes = 4 << 20;

/** A message is refused as `full` while more than this waits for the channel. One message always fits. */
export const queueLimitBytes = 64 << 20;

/** More than a machine with many networks has, copies by a second server included. */
const maxCandidates = 128;

export interface LinkHandlers {
  signal(body: WireSignalBody): void;
  open(): void;
  message(bytes: Bytes): void;
  rejected(reason: string): void;
  closed(): void;
}

/** One attempt to connect to a peer, and the connection it becomes: messages in, messages out, in order. */
export class Link {
  readonly peer: PeerId;
  /** The peer's session it was made with, and which attempt of the initiator it is. */
  readonly session: string;
  readonly number: number;
  readonly #handlers: LinkHandlers;
  readonly #wire: Wire | undefined;
  readonly #reassembler = new Reassembler();
  readonly #queue: { readonly frames: Iterator<Bytes, void>; left: number }[] = [];
  #queuedBytes = 0;
  #open = false;
  #closed = false;
  #silent = false;
  #described = false;
  #candidates = 0;
  #sentBytes = 0;
  #receivedBytes = 0;

  constructor(
    peer: PeerId,
    session: string,
    number: number,
    initiator: boolean,
    openWire: OpenWire,
    handlers: LinkHandlers,
  ) {
    this.peer = peer;
    this.session = session;
    this.number = number;
    this.#handlers = handlers;
    try {
      this.#wire = openWire(initiator, {
        signal: (body) => {
          if (!this.#silent) handlers.signal(body);
        },
        open: () => {
          this.#open = true;
          if (!this.#silent) handlers.open();
          this.#pump();
        },
        frame: (bytes) => this.#receive(bytes),
        low: () => this.#pump(),
        closed: () => this.#end(),
      });
    } catch {
      // No WebRTC here, or no more connections to be had: the same as a connection that fails.
      queueMicrotask(() => this.#end());
    }
  }

  get open(): boolean {
    return this.#open && !this.#closed;
  }

  /** Bytes this side gave to the channel and got from it: what the browser counts, and still known when it is closed. */
  get counted(): ByteCounts {
    return { bytesUp: this.#sentBytes, bytesDown: this.#receivedBytes };
  }

  /** What WebRTC counted, which can be an answer some 50 ms old, or what this side did where that is more. */
  async stats(): Promise<LinkStats> {
    const unmeasured = { peer: this.peer, rttMs: undefined };
    if (this.#closed || this.#wire === undefined) return { ...unmeasured, ...this.counted };
    try {
      const said = await this.#wire.stats();
      const { bytesUp, bytesDown } = this.counted;
      return {
        peer: this.peer,
        bytesUp: Math.max(said.bytesUp, bytesUp),
        bytesDown: Math.max(said.bytesDown, bytesDown),
        rttMs: said.rttMs,
      };
    } catch {
      return { ...unmeasured, ...this.counted };
    }
  }

  /**
   * Takes the other side's offer, answer or candidate. False: it made no sense to WebRTC, or is one candidate too many. A
   * second description is a copy (two servers forward the same answer) and would break the connection: ignored.
   */
  signal(body: WireSignalBody): boolean {
    if (this.#closed) return true;
    if (body.kind === 'candidate') {
      if (++this.#candidates > maxCandidates) return false;
    } else if (this.#described) return true;
    else this.#described = true;
    try {
      this.#wire?.signal(body);
      return true;
    } catch {
      return false;
    }
  }

  send(message: Bytes): SendOutcome {
    if (!this.open || this.#wire === undefined) return 'gone';
    const length = framedLength(message.length);
    if (message.length > maxMessageBytes) return 'full';
    if (this.#queuedBytes > 0 && this.#queuedBytes + length > queueLimitBytes) return 'full';
    const goesAtOnce = this.#queuedBytes === 0 && this.#wire.bufferedAmount + length < highWaterBytes;
    // What has to wait is read later, when the caller may have changed it.
    const frames = framesOf(goesAtOnce ? message : copyBytes(message));
    this.#queue.push({ frames, left: length });
    this.#queuedBytes += length;
    this.#pump();
    return this.open ? 'queued' : 'gone';
  }

  /** From now on says nothing more to its handlers. */
  silence(): void {
    this.#silent = true;
  }

  /** Ends it once what the channel holds has left; what still waits here does not. */
  finish(): void {
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#wire?.finish();
  }

  close(): void {
    if (this.#closed) return;
    this.#wire?.close();
    this.#end();
  }

  #pump(): void {
    const wire = this.#wire;
    for (;;) {
      const message = this.#queue[0];
      if (message === undefined || wire === undefined || !this.open) return;
      if (wire.bufferedAmount >= highWaterBytes) return;
      const next = message.frames.next();
      if (next.done === true) {
        this.#queue.shift();
        continue;
      }
      try {
        wire.send(next.value);
      } catch {
        this.close();
        return;
      }
      this.#sentBytes += next.value.length;
      this.#queuedBytes -= next.value.length;
      message.left -= next.value.length;
      if (message.left === 0) this.#queue.shift();
    }
  }

  #receive(frame: Uint8Array): void {
    this.#receivedBytes += frame.length;
    if (this.#silent || this.#closed) return;
    const outcome = this.#reassembler.push(frame);
    if (outcome.kind === 'message') this.#handlers.message(outcome.bytes);
    else if (outcome.kind === 'rejected') this.#handlers.rejected(outcome.reason);
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    if (!this.#silent) this.#handlers.closed();
  }
}
