/** Bytes over a plain ArrayBuffer, as Web Crypto, WebRTC and WebGPU all want them. */
export type Bytes = Uint8Array<ArrayBuffer>;

const hexOfByte: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += hexOfByte[byte] ?? '';
  return text;
}

/** The value of a lower-case hex digit by its character code; 255 for anything else. */
const valueOfDigit = (code: number): number =>
  code >= 48 && code <= 57 ? code - 48 : code >= 97 && code <= 102 ? code - 87 : 255;

/** Undefined unless `text` is an even number of lower-case hex digits. */
export function fromHex(text: string): Bytes | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = valueOfDigit(text.charCodeAt(2 * i));
    const low = valueOfDigit(text.charCodeAt(2 * i + 1));
    if (high > 15 || low > 15) return undefined;
    bytes[i] = 16 * high + low;
  }
  return bytes;
}

export function concatBytes(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Negative, zero or positive as `a` sorts before, with or after `b`, byte by byte. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** A copy whose memory nobody else holds. */
export const copyBytes = (bytes: Uint8Array): Bytes => new Uint8Array(bytes);

const encoder = new TextEncoder();
export const utf8 = (text: string): Bytes => encoder.encode(text);
