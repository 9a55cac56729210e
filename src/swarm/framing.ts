import type { Bytes } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import { maxMessageBytes } from './transport.ts';

/**
 * Messages of up to 1 GiB over a channel that carries 64 KiB at a time. A frame is one flag byte and then:
 *
 *     whole   the message (0 to 65,535 bytes)
 *     first   the message's length, u32 little-endian, then its first 65,531 bytes
 *     middle  the next 65,535 bytes
 *     last    the rest (1 to 65,535 bytes)
 *
 * Every frame but the last is full, so a message has exactly one framing and a receiver never holds more than it
 * was sent, plus one array entry for each 64 KiB. Needs a channel that keeps frames whole and in order.
 */
export const maxFrameBytes = 65_536;

const flags = { whole: 0, first: 1, middle: 2, last: 3 } as const;
const wholeRoom = maxFrameBytes - 1;
const firstRoom = maxFrameBytes - 5;

/** How many bytes of frames carry a message of `length` bytes. */
export function framedLength(length: number): number {
  if (length <= wholeRoom) return length + 1;
  return length + 5 + Math.ceil((length - firstRoom) / wholeRoom);
}

/** The frames of a message, in order, made one at a time. `message` is read until the last one is taken. */
export function* framesOf(message: Uint8Array): Generator<Bytes, void, undefined> {
  invariant(message.length <= maxMessageBytes, 'a message is at most maxMessageBytes long');
  if (message.length <= wholeRoom) {
    yield frame(flags.whole, 1, message);
    return;
  }
  const first = frame(flags.first, 5, message.subarray(0, firstRoom));
  new DataView(first.buffer).setUint32(1, message.length, true);
  yield first;
  for (let at = firstRoom; at < message.length; at += wholeRoom) {
    const end = Math.min(at + wholeRoom, message.length);
    yield frame(end === message.length ? flags.last : flags.middle, 1, message.subarray(at, end));
  }
}

function frame(flag: number, header: number, body: Uint8Array): Bytes {
  const bytes = new Uint8Array(header + body.length);
  bytes[0] = flag;
  bytes.set(body, header);
  return bytes;
}

/** What a frame led to. After `rejected` the message under way is forgotten; the next whole or first frame starts anew. */
export type FrameOutcome =
  | { readonly kind: 'message'; readonly bytes: Bytes }
  | { readonly kind: 'partial' }
  | { readonly kind: 'rejected'; readonly reason: string };

const partial: FrameOutcome = { kind: 'partial' };

/** Puts one peer's frames together again. Frames are hostile: any bytes may be pushed, nothing throws. */
export class Reassembler {
  readonly #limit: number;
  #parts: Bytes[] = [];
  #received = 0;
  #total: number | undefined;

  /** Messages longer than `limit` bytes are rejected at their first frame. */
  constructor(limit: number = maxMessageBytes) {
    this.#limit = limit;
  }

  /** Bytes held for the message under way. */
  get heldBytes(): number {
    return this.#received;
  }

  /** Bytes the message under way will have; undefined between messages. */
  get expectedBytes(): number | undefined {
    return this.#total;
  }

  /** Takes one frame. The frame's memory is copied, so the caller may reuse it. */
  push(frame: Uint8Array): FrameOutcome {
    const flag = frame[0];
    if (flag === undefined) return this.#reject('frame-empty');
    if (frame.length > maxFrameBytes) return this.#reject('frame-too-long');
    if (flag === flags.whole) return this.#whole(frame);
    if (flag === flags.first) return this.#first(frame);
    if (flag === flags.middle || flag === flags.last) return this.#next(frame, flag === flags.last);
    return this.#reject('frame-unknown-flag');
  }

  #whole(frame: Uint8Array): FrameOutcome {
    if (this.#total !== undefined) return this.#reject('frame-message-unfinished');
    if (frame.length - 1 > this.#limit) return this.#reject('message-too-long');
    return { kind: 'message', bytes: new Uint8Array(frame.subarray(1)) };
  }

  #first(frame: Uint8Array): FrameOutcome {
    if (this.#total !== undefined) return this.#reject('frame-message-unfinished');
    if (frame.length !== maxFrameBytes) return this.#reject('frame-not-full');
    const total = new DataView(frame.buffer, frame.byteOffset).getUint32(1, true);
    if (total <= wholeRoom) return this.#reject('frame-needless-split');
    if (total > this.#limit) return this.#reject('message-too-long');
    this.#total = total;
    this.#take(frame.subarray(5));
    return partial;
  }

  #next(frame: Uint8Array, isLast: boolean): FrameOutcome {
    if (this.#total === undefined) return this.#reject('frame-without-first');
    const left = this.#total - this.#received;
    if (isLast ? frame.length - 1 !== left : frame.length !== maxFrameBytes || frame.length - 1 >= left) {
      return this.#reject('frame-wrong-length');
    }
    this.#take(frame.subarray(1));
    if (!isLast) return partial;
    const bytes = new Uint8Array(this.#total);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#forget();
    return { kind: 'message', bytes };
  }

  #take(part: Uint8Array): void {
    this.#parts.push(new Uint8Array(part));
    this.#received += part.length;
  }

  #forget(): void {
    this.#parts = [];
    this.#received = 0;
    this.#total = undefined;
  }

  #reject(reason: string): FrameOutcome {
    this.#forget();
    return { kind: 'rejected', reason };
  }
}
