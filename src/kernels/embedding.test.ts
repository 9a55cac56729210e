import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { asHalves, offersHalves } from '../testing/halves.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { embeddingBackwardReference, embeddingReference } from './embedding.reference.ts';
import { embedding, embeddingBackward, rowsById } from './embedding.ts';

const gpu = await openTestGpu();
const bound = 1e-6;
const orderOf = (ids: Uint32Array<ArrayBuffer>): Tensor =>
  gpu.tensor([ids.length], 'u32', 'order', rowsById(ids));

const shapes: [number, number, number][] = [
  [1, 1, 1],
  [256, 256, 64],
  [37, 11, 7],
  [130, 1000, 33],
  [5, 3, 130],
];

describe('embedding', () => {
  it.each(shapes)(
    'copies the rows of its table exactly, rows=%i vocabulary=%i width=%i',
    async (rows, vocabulary, width) => {
      const random = new SeededRandom(rows + vocabulary + width);
      const idValues = Uint32Array.from({ length: rows }, () => random.below(vocabulary));
      const tableValues = randomNormal(random, vocabulary * width);
      const ids = gpu.tensor([rows], 'u32', 'ids', idValues);
      const table = gpu.tensor([vocabulary, width], 'f32', 'table', tableValues);
      const out = gpu.tensor([rows, width], 'f32', 'out', poisoned(rows * width));
      gpu.submit([embedding(gpu, { ids, table, out })]);
      expect(await gpu.readF32(out)).toEqual(
        Float32Array.from(embeddingReference(idValues, tableValues, width)),
      );
      gpu.free(ids, table, out);
    },
  );

  it.each(shapes)(
    'adds the gradient of its table within 1e-6, rows=%i vocabulary=%i width=%i',
    async (rows, vocabulary, width) => {
      const seed = rows + vocabulary + width + 1;
      const random = new SeededRandom(seed);
      const idValues = Uint32Array.from({ length: rows }, () => random.below(vocabulary));
      const dOutValues = randomNormal(random, rows * width);
      const before = randomNormal(random, vocabulary * width);
      const ids = gpu.tensor([rows], 'u32', 'ids', idValues);
      const dOut = gpu.tensor([rows, width], 'f32', 'dOut', dOutValues);
      const dTable = gpu.tensor([vocabulary, width], 'f32', 'dTable', before);
      const order = orderOf(idValues);
      gpu.submit([embeddingBackward(gpu, { ids, order, dOut, dTable })]);
      const added = embeddingBackwardReference(idValues, dOutValues, vocabulary, width);
      const expected = added.map((value, i) => value + before[i]);
      expect(relativeL2(await gpu.readF32(dTable), expected), `seed ${seed}`).toBeLessThanOrEqual(bound);
      gpu.free(ids, order, dOut, dTable);
    },
  );

  it.each(offersHalves(gpu) ? (['f32', 'f16'] as const) : (['f32'] as const))(
    'reads rows of %s, and adds what comes back times a scale',
    async (dtype) => {
      const random = new SeededRandom(12);
      const [rows, vocabulary, width] = [23, 7, 6];
      const idValues = Uint32Array.from({ length: rows }, () => random.below(vocabulary));
      const tableValues = asHalves(randomNormal(random, vocabulary * width));
      const dOutValues = asHalves(randomNormal(random, rows * width));
      const ids = gpu.tensor([rows], 'u32', 'ids', idValues);
      const table = gpu.tensor([vocabulary, width], dtype, 'table', tableValues);
      const out = gpu.tensor([rows, width], dtype, 'out', poisoned(rows * width));
      const dOut = gpu.tensor([rows, width], dtype, 'dOut', dOutValues);
      const dTable = gpu.tensor([vocabulary, width], 'f32', 'dTable');
      const order = orderOf(idValues);
      const backward = embeddingBackward(gpu, { ids, order, dOut, dTable, scale: 1 / 64 });
      gpu.submit([embedding(gpu, { ids, table, out }), backward]);
      expect(await gpu.readF32(out)).toEqual(
        Float32Array.from(embeddingReference(idValues, tableValues, width)),
      );
      const expected = embeddingBackwardReference(idValues, dOutValues, vocabulary, width);
      const scaled = expected.map((value) => value / 64);
      expect(relativeL2(await gpu.readF32(dTable), scaled), 'seed 12').toBeLessThanOrEqual(bound);
      gpu.free(ids, table, out, dOut, dTable, order);
    },
  );

  it('gives zeros for an id outside the vocabulary, and adds nothing for it', async () => {
    const [vocabulary, width] = [3, 4];
    const idValues = new Uint32Array([1, 3, 0xffffffff, 2]);
    const random = new SeededRandom(9);
    const tableValues = randomNormal(random, vocabulary * width);
    const dOutValues = randomNormal(random, idValues.length * width);
    const ids = gpu.tensor([4], 'u32', 'ids', idValues);
    const table = gpu.tensor([vocabulary, width], 'f32', 'table', tableValues);
    const out = gpu.tensor([4, width], 'f32', 'out', poisoned(4 * width));
    const dOut = gpu.tensor([4, width], 'f32', 'dOut', dOutValues);
    const dTable = gpu.tensor([vocabulary, width], 'f32', 'dTable');
    const order = orderOf(idValues);
    gpu.submit([embedding(gpu, { ids, table, out }), embeddingBackward(gpu, { ids, order, dOut, dTable })]);
    expect((await gpu.readF32(out)).slice(width, 3 * width)).toEqual(new Float32Array(2 * width));
    expect(await gpu.readF32(dTable)).toEqual(
      Float32Array.from(embeddingBackwardReference(idValues, dOutValues, vocabulary, width)),
    );
    gpu.free(ids, order, table, out, dOut, dTable);
  });

  it('repeats the gradient bit for bit', async () => {
    const random = new SeededRandom(10);
    const idValues = Uint32Array.from({ length: 200 }, () => random.below(5));
    const [ids, order] = [gpu.tensor([200], 'u32', 'ids', idValues), orderOf(idValues)];
    const dOut = gpu.tensor([200, 20], 'f32', 'dOut', randomNormal(random, 4000));
    const [first, second] = [gpu.tensor([5, 20], 'f32', 'first'), gpu.tensor([5, 20], 'f32', 'second')];
    gpu.submit([
      embeddingBackward(gpu, { ids, order, dOut, dTable: first }),
      embeddingBackward(gpu, { ids, order, dOut, dTable: second }),
    ]);
    expect(await gpu.readF32(first)).toEqual(await gpu.readF32(second));
    gpu.free(ids, order, dOut, first, second);
  });

  it('of a table in parts is that of the whole: every row from the part that holds its id (seed 11)', async () => {
    const [rows, vocabulary, width] = [90, 30, 12];
    const random = new SeededRandom(11);
    const idValues = Uint32Array.from({ length: rows }, () => random.below(vocabulary + 3));
    const [tableValues, dOutValues] = [vocabulary, rows].map((n) => randomNormal(random, n * width));
    const [ids, order] = [gpu.tensor([rows], 'u32', 'ids', idValues), orderOf(idValues)];
    const out = gpu.tensor([rows, width], 'f32', 'out', poisoned(rows * width));
    const dOut = gpu.tensor([rows, width], 'f32', 'dOut', dOutValues);
    const dTables: Tensor[] = [];
    let first = 0;
    for (const part of [16, 13, 1]) {
      const values = tableValues.slice(first * width, (first + part) * width);
      const table = gpu.tensor([part, width], 'f32', 'part', values);
      const dTable = gpu.tensor([part, width], 'f32', 'dPart');
      const backward = embeddingBackward(gpu, { ids, order, dOut, dTable, first });
      gpu.submit([embedding(gpu, { ids, table, out, first }), backward]);
      dTables.push(dTable);
      first += part;
    }
    const wanted = embeddingReference(idValues, tableValues, width);
    expect(await gpu.readF32(out)).toEqual(Float32Array.from(wanted));
    const parts = await Promise.all(dTables.map((dTable) => gpu.readF32(dTable)));
    const added = embeddingBackwardReference(idValues, dOutValues, vocabulary, width);
    expect(
      relativeL2(
        parts.flatMap((part) => [...part]),
        added,
      ),
    ).toBeLessThanOrEqual(bound);
    gpu.free(ids, order, out, dOut, ...dTables);
  });
});

describe('rowsById', () => {
  it('lists every row once, by id and then by row, for any u32 ids', () => {
    expect([...rowsById(Uint32Array.of(7, 0xffffffff, 0, 7, 0xffffffff, 3))]).toEqual([2, 5, 0, 3, 1, 4]);
  });
});
