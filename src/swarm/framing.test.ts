import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { fuzzRounds } from '../testing/long.ts';
import { framedLength, framesOf, maxFrameBytes, Reassembler } from './framing.ts';
import { maxMessageBytes } from './transport.ts';

const noise = (length: number, seed: number): Uint8Array<ArrayBuffer> => {
  const random = new SeededRandom(seed);
  return Uint8Array.from({ length }, () => random.u32() & 255);
};

const lengths = [0, 1, 577, 65_535, 65_536, 65_537, 131_065, 131_066, 131_067, 131_068, 400_001];

describe('framing', () => {
  test.each(lengths)('a message of %i bytes comes back whole and costs what framedLength says', (length) => {
    const message = noise(length, length);
    const frames = [...framesOf(message)];
    expect(frames.reduce((sum, frame) => sum + frame.length, 0)).toBe(framedLength(length));
    expect(Math.max(...frames.map((frame) => frame.length))).toBeLessThanOrEqual(maxFrameBytes);
    const reassembler = new Reassembler();
    const outcomes = frames.map((frame) => reassembler.push(frame));
    expect(outcomes.slice(0, -1).every((outcome) => outcome.kind === 'partial')).toBe(true);
    const outcome = outcomes.at(-1);
    expect(outcome?.kind === 'message' && Buffer.compare(outcome.bytes, message)).toBe(0);
    expect(reassembler.heldBytes).toBe(0);
  });

  test('a contribution-sized message costs one byte of framing', () => {
    expect(framedLength(676)).toBe(677);
  });

  test('the returned message shares no memory with the frame it came in', () => {
    const frame = new Uint8Array([0, 1, 2, 3]);
    const outcome = new Reassembler().push(frame);
    frame.fill(9);
    expect(outcome).toEqual({ kind: 'message', bytes: new Uint8Array([1, 2, 3]) });
  });

  const first = (total: number, length = maxFrameBytes): Uint8Array => {
    const frame = new Uint8Array(length);
    frame[0] = 1;
    new DataView(frame.buffer).setUint32(1, total, true);
    return frame;
  };
  const full = (flag: number): Uint8Array => {
    const frame = new Uint8Array(maxFrameBytes);
    frame[0] = flag;
    return frame;
  };

  test.each([
    ['an empty frame', [new Uint8Array(0)], 'frame-empty'],
    ['a frame above 64 KiB', [new Uint8Array(maxFrameBytes + 1)], 'frame-too-long'],
    ['an unknown flag', [new Uint8Array([7, 1])], 'frame-unknown-flag'],
    ['a middle without a first', [full(2)], 'frame-without-first'],
    ['a last without a first', [new Uint8Array([3, 1])], 'frame-without-first'],
    ['a declared length above the limit', [first(1_000_001)], 'message-too-long'],
    ['a split of what fits one frame', [first(10)], 'frame-needless-split'],
    ['a short first frame', [first(100_000, 100)], 'frame-not-full'],
    ['a first inside a message', [first(200_000), first(200_000)], 'frame-message-unfinished'],
    ['a whole inside a message', [first(200_000), new Uint8Array([0, 1])], 'frame-message-unfinished'],
    ['a short middle', [first(200_000), new Uint8Array([2, 1])], 'frame-wrong-length'],
    ['a middle where the last belongs', [first(100_000), full(2)], 'frame-wrong-length'],
    ['a last that is too short', [first(100_000), new Uint8Array([3, 1])], 'frame-wrong-length'],
    ['a last that overruns', [first(70_000), full(3)], 'frame-wrong-length'],
  ])('%s is rejected, and the next message is received', (_, frames, reason) => {
    const reassembler = new Reassembler(1_000_000);
    const outcomes = frames.map((frame) => reassembler.push(frame));
    expect(outcomes.at(-1)).toEqual({ kind: 'rejected', reason });
    expect(reassembler.heldBytes).toBe(0);
    expect(reassembler.push(new Uint8Array([0, 5]))).toEqual({ kind: 'message', bytes: new Uint8Array([5]) });
  });

  test('a whole message above the limit is rejected', () => {
    expect(new Reassembler(3).push(new Uint8Array([0, 1, 2, 3, 4]))).toEqual({
      kind: 'rejected',
      reason: 'message-too-long',
    });
  });

  test('the longest declared length holds no more than what was sent, and one byte more is refused at once', () => {
    const reassembler = new Reassembler();
    expect(reassembler.push(first(maxMessageBytes))).toEqual({ kind: 'partial' });
    expect(reassembler.heldBytes).toBe(maxFrameBytes - 5);
    expect(new Reassembler().push(first(maxMessageBytes + 1))).toEqual({
      kind: 'rejected',
      reason: 'message-too-long',
    });
  });

  test('no sequence of frames throws or is held beyond the limit (seed 4)', () => {
    const limit = 200_000;
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc
        .tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(1, 10, 65_535, maxFrameBytes))
        .map(([flag, size]) => {
          const bytes = new Uint8Array(size);
          bytes[0] = flag;
          if (size > 5) new DataView(bytes.buffer).setUint32(1, 65_536 + size, true);
          return bytes;
        }),
    );
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), (frames) => {
        const reassembler = new Reassembler(limit);
        for (const each of frames) {
          const outcome = reassembler.push(each);
          expect(reassembler.heldBytes).toBeLessThanOrEqual(limit);
          if (outcome.kind === 'message') expect(outcome.bytes.length).toBeLessThanOrEqual(limit);
        }
      }),
      { seed: 4, numRuns: fuzzRounds(300) },
    );
  });
});
