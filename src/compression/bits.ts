import type { Bytes } from '../base/bytes.ts';

/** Bits that hold every whole number in [0, largest]. */
export const bitsFor = (largest: number): number => 32 - Math.clz32(largest);

/** Bytes past the end that a word may reach over. */
const slack = 4;

/** Writes unsigned numbers of up to 16 bits one after another, the lowest bit first, from the lowest bit of byte 0. */
export class BitWriter {
  readonly #bytes: Bytes;
  readonly #words: DataView; // at any byte, which is quicker than byte by byte
  #bit = 0;

  constructor(capacityBits: number) {
    this.#bytes = new Uint8Array(Math.ceil(capacityBits / 8) + slack);
    this.#words = new DataView(this.#bytes.buffer);
  }

  write(value: number, width: number): void {
    const byte = this.#bit >>> 3;
    const before = this.#words.getUint32(byte, true);
    this.#words.setUint32(byte, before | (value << (this.#bit & 7)), true);
    this.#bit += width;
  }

  /** What was written, the last byte padded with zero bits. */
  finish(): Bytes {
    return this.#bytes.slice(0, Math.ceil(this.#bit / 8));
  }
}

/** Reads what BitWriter wrote, from any bytes. Past the end it reads zeros, and `overrun` says so. */
export class BitReader {
  readonly #length: number;
  readonly #words: DataView; // of a copy with zeros behind it
  #bit = 0;

  constructor(bytes: Uint8Array) {
    const padded = new Uint8Array(bytes.length + slack);
    padded.set(bytes);
    this.#length = bytes.length;
    this.#words = new DataView(padded.buffer);
  }

  /** `width` is at most 16. */
  read(width: number): number {
    const byte = Math.min(this.#bit >>> 3, this.#length);
    const value = (this.#words.getUint32(byte, true) >>> (this.#bit & 7)) & ((1 << width) - 1);
    this.#bit += width;
    return value;
  }

  /** More was read than there is. */
  get overrun(): boolean {
    return this.#bit > 8 * this.#length;
  }

  /** Whole bytes that nothing was read from. */
  get unreadBytes(): number {
    return Math.max(0, this.#length - Math.ceil(this.#bit / 8));
  }

  /** The bits between the last one read and the end of its byte. */
  get padding(): number {
    const used = this.#bit & 7;
    return used === 0 ? 0 : this.#words.getUint8(Math.min(this.#bit >>> 3, this.#length)) >> used;
  }
}
