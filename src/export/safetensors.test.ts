import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, utf8, type Bytes } from '../base/bytes.ts';
import { readSafetensors, safetensorsHead } from './safetensors.ts';

/** A file whose header is this text, followed by so many zeros. */
const fileOf = (header: string, zeros = 0, length = utf8(header).length): Bytes => {
  const words = new Uint8Array(8);
  new DataView(words.buffer).setBigUint64(0, BigInt(length), true);
  return concatBytes(words, utf8(header), new Uint8Array(zeros));
};
const reasonFor = (file: Bytes): string => {
  const read = readSafetensors(file);
  return read.ok ? 'accepted' : read.reason;
};
const entry = (shape: number[], data_offsets: number[], dtype = 'F32') => ({ dtype, shape, data_offsets });

describe('a safetensors file', () => {
  it('is read as it was written', () => {
    const entries = [
      { name: 'a', dtype: 'F32', shape: [2, 3] },
      { name: '__proto__', dtype: 'BF16', shape: [5] },
      { name: 'one', dtype: 'F16', shape: [] },
      { name: 'none', dtype: 'F32', shape: [0, 4] },
    ];
    const values = Uint8Array.from({ length: 36 }, (_, i) => i);
    const read = readSafetensors(concatBytes(safetensorsHead(entries, { format: 'pt' }), values));
    if (!read.ok) throw new Error(read.reason);
    const { tensors, metadata } = read.value;
    expect(metadata).toEqual({ format: 'pt' });
    expect([...tensors.keys()]).toEqual(['a', '__proto__', 'one', 'none']);
    expect(tensors.get('__proto__')).toEqual({ dtype: 'BF16', shape: [5], bytes: values.slice(24, 34) });
    expect(tensors.get('one')?.bytes).toEqual(values.slice(34));
  });

  it('is refused for every way in which it says other than it is', () => {
    const json = (value: unknown, zeros = 0): Bytes => fileOf(JSON.stringify(value), zeros);
    const huge = 2 ** 52;
    const cases: [string, Bytes][] = [
      ['shorter than a header', new Uint8Array(7)],
      ['header too long', fileOf('{}', 0, 2 ** 40)],
      ['header too long', new Uint8Array(8).fill(255)],
      ['header longer than the file', fileOf('{}', 0, 3)],
      ['header is not JSON', fileOf('{]')],
      ['header is not JSON', concatBytes(fileOf('', 0, 2), Uint8Array.of(0xff, 0xfe))],
      ['header is no object', fileOf('[]')],
      ['header is no object', fileOf('null')],
      ['metadata is not text', json({ __metadata__: { rounds: 3 } })],
      ['a tensor is described wrongly', json({ a: 3 })],
      ['a tensor is described wrongly', json({ a: entry([-1], [0, 4]) }, 4)],
      ['a tensor is described wrongly', json({ a: entry([1.5], [0, 6]) }, 6)],
      ['a tensor is described wrongly', json({ a: entry([1], [0, 4, 8]) }, 8)],
      ['a tensor is described wrongly', json({ a: { ...entry([1], [0, 4]), more: 1 } }, 4)],
      ['a tensor is described wrongly', json({ a: entry(Array<number>(9).fill(1), [0, 4]) }, 4)],
      ['a type of value that is not known', json({ a: entry([1], [0, 4], 'F4') }, 4)],
      ['a type of value that is not known', json({ a: entry([1], [0, 4], 'toString') }, 4)],
      ['tensors overlap', json({ a: entry([2], [0, 8]), b: entry([2], [4, 12]) }, 12)],
      ['tensors overlap', json({ a: entry([1], [0, 4]), b: entry([1], [0, 4]) }, 4)],
      ['a gap between tensors', json({ a: entry([1], [4, 8]) }, 8)],
      ['a tensor ends outside the file', json({ a: entry([2], [0, 8]) }, 4)],
      ['a tensor ends outside the file', json({ a: entry([1], [0, -4 + 4 + huge]) }, 4)],
      ['a tensor is not as long as its shape', json({ a: entry([3], [0, 8]) }, 8)],
      ['a tensor is not as long as its shape', json({ a: entry([huge, huge, huge], [0, 4]) }, 4)],
      ['bytes that belong to no tensor', json({ a: entry([1], [0, 4]) }, 5)],
    ];
    for (const [reason, file] of cases) expect(reasonFor(file), new TextDecoder().decode(file)).toBe(reason);
  });

  it('never throws, and what is accepted lies within the file, whatever its bytes', () => {
    const good = concatBytes(
      safetensorsHead(
        [
          { name: 'a', dtype: 'F32', shape: [2] },
          { name: 'b', dtype: 'F16', shape: [4] },
        ],
        {},
      ),
      new Uint8Array(16),
    );
    const edits = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 });
    const mutant = fc.tuple(edits, fc.nat(good.length)).map(([changes, cut]) => {
      const bytes = good.slice();
      for (const [at, byte] of changes) bytes[at] = byte;
      return changes.length % 2 === 0 ? bytes : bytes.slice(0, cut);
    });
    const anyHeader = fc
      .tuple(fc.json({ maxDepth: 4 }), fc.nat(64))
      .map(([json, zeros]) => fileOf(json, zeros));
    const anyTensors = fc
      .dictionary(
        fc.string({ maxLength: 4 }),
        fc.record({
          dtype: fc.constantFrom('F32', 'BF16', 'U8', 'x'),
          shape: fc.array(fc.nat(4), { maxLength: 3 }),
          data_offsets: fc.tuple(fc.nat(16), fc.nat(16)),
        }),
        { maxKeys: 3 },
      )
      .chain((tensors) => fc.nat(16).map((zeros) => fileOf(JSON.stringify(tensors), zeros)));
    const raw = fc.uint8Array({ maxLength: 64 }).map((bytes) => new Uint8Array(bytes));
    fc.assert(
      fc.property(fc.oneof(mutant, anyHeader, anyTensors, raw), (file) => {
        const read = readSafetensors(file);
        if (!read.ok) return;
        const total = [...read.value.tensors.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
        expect(total).toBeLessThanOrEqual(file.length - 8);
      }),
      { seed: 51, numRuns: 4_000 },
    );
  });
});
