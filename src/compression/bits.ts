import type { Bytes } from '../base/bytes.ts';

/** Bits that hold every whole number in [0, largest]. */
export const bitsFor = (largest: number): number => 32 - Math.clz32(largest);

/** Writes unsigned numbers of up to 16 bits one after another, the lowest bit first, from the lowest bit of byte 0. */
export class BitWriter {
  readonly #bytes: Bytes;
  #bit = 0;

  constructor(capacityBits: number) {
    this.#bytes = new Uint8Array(Math.ceil(capacityBits / 8) + 3);
  }

  write(value: number, width: number): void {
    const byte = this.#bit >> 3;
    const shifted = value << (this.#bit & 7);
    this.#bytes[byte] |= shifted;
    this.#bytes[byte + 1] |= shifted >> 8;
    this.#bytes[byte + 2] |= shifted >> 16;
    this.#bit += width;
  }

  /** What was written, the last byte padded with zero bits. */
  finish(): Bytes {
    return this.#bytes.slice(0, Math.ceil(this.#bit / 8));
  }
}

/** Reads what BitWriter wrote, from any bytes. Past the end it reads zeros, and `overrun` says so. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #bit = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** `width` is at most 16. */
  read(width: number): number {
    const byte = this.#bit >> 3;
    const word = this.#at(byte) | (this.#at(byte + 1) << 8) | (this.#at(byte + 2) << 16);
    const value = (word >> (this.#bit & 7)) & ((1 << width) - 1);
    this.#bit += width;
    return value;
  }

  /** More was read than there is. */
  get overrun(): boolean {
    return this.#bit > 8 * this.#bytes.length;
  }

  /** Whole bytes that nothing was read from. */
  get unreadBytes(): number {
    return Math.max(0, this.#bytes.length - Math.ceil(this.#bit / 8));
  }

  /** The bits between the last one read and the end of its byte. */
  get padding(): number {
    return (this.#bit & 7) === 0 ? 0 : this.#at(this.#bit >> 3) >> (this.#bit & 7);
  }

  #at(index: number): number {
    return index < this.#bytes.length ? this.#bytes[index] : 0;
  }
}
