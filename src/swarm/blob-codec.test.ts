import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalBytes, type Bytes } from '../base/bytes.ts';
import type { Digest } from '../base/ids.ts';
import {
  blobKindNumbers,
  decodeBlobMessage,
  encodeBlobMessage,
  isBlobMessage,
  mostBlobBytes,
} from './blob-codec.ts';
import { kindNumbers, protocolVersion } from './protocol.ts';
import { decodeMessage } from './protocol-codec.ts';

const digest = 'ab'.repeat(32) as Digest;
const header = (number: number): number => (protocolVersion << 5) | number;

describe('messages about blobs', () => {
  it('come back as they were', () => {
    for (const message of [
      { kind: 'want-blob', digest },
      { kind: 'no-blob', digest },
      { kind: 'blob', digest, bytes: Uint8Array.of(1, 2, 3) },
    ] as const)
      expect(decodeBlobMessage(encodeBlobMessage(message))).toEqual({ ok: true, value: message });
  });

  it('may be as long as a piece of a snapshot', () => {
    const bytes = new Uint8Array(mostBlobBytes).fill(3);
    const decoded = decodeBlobMessage(encodeBlobMessage({ kind: 'blob', digest, bytes }));
    expect(decoded.ok && decoded.value.kind === 'blob' && equalBytes(decoded.value.bytes, bytes)).toBe(true);
  });

  it('have numbers that the swarm uses for nothing else, and does not know', () => {
    const numbers = [...Object.values(kindNumbers), ...Object.values(blobKindNumbers)];
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const number of numbers) expect(number).toBeLessThan(32);
    expect(decodeMessage(encodeBlobMessage({ kind: 'want-blob', digest }))).toEqual({
      ok: false,
      reason: 'message-unknown-kind',
    });
  });

  it.each([
    [[], 'message-unknown-kind'],
    [[header(kindNumbers.hello), 1], 'message-unknown-kind'],
    [[header(16)], 'want-blob-malformed'],
    [[header(16), ...Array<number>(33).fill(0)], 'want-blob-malformed'],
    [[header(18), ...Array<number>(31).fill(0)], 'no-blob-malformed'],
    [[header(17), ...Array<number>(32).fill(0)], 'blob-malformed'],
    [[((protocolVersion ^ 1) << 5) | 16, ...Array<number>(32).fill(0)], 'message-unknown-kind'],
  ])('are refused where they are malformed: %#', (bytes, reason) => {
    expect(decodeBlobMessage(Uint8Array.from(bytes))).toEqual({ ok: false, reason });
  });

  it('are refused where they are longer than any blob', () => {
    const bytes = new Uint8Array(33 + mostBlobBytes + 1);
    bytes[0] = header(17);
    expect(decodeBlobMessage(bytes)).toEqual({ ok: false, reason: 'blob-malformed' });
  });

  it('are decoded from any bytes without a throw, and encode to the same bytes (seed 4)', () => {
    const messages = fc.tuple(
      fc.oneof(fc.constantFrom(header(16), header(17), header(18)), fc.nat(255)),
      fc.uint8Array({ maxLength: 80 }),
    );
    fc.assert(
      fc.property(messages, ([first, rest]) => {
        const bytes: Bytes = Uint8Array.of(first, ...rest);
        const decoded = decodeBlobMessage(bytes);
        if (decoded.ok) expect(encodeBlobMessage(decoded.value)).toEqual(bytes);
        else expect(decoded.reason).toMatch(/^[a-z-]{3,40}$/);
        if (decoded.ok) expect(isBlobMessage(bytes)).toBe(true);
      }),
      { seed: 4, numRuns: 2_000 },
    );
  });
});
