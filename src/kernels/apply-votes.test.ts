import { describe, expect, test } from 'vitest';
import { hashWords, SeededRandom } from '../base/random.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { applyReference, largestInteger, latticePerUnit, type RoundStep } from './apply.reference.ts';
import { applyVotes, votesByParity } from './apply-votes.ts';
import { blockPlaces } from './block-places.ts';
import { blockSize, countBlocks, type BlockShape } from './block-shape.ts';
import { integerBasis, largestVoteSum } from './integer-basis.ts';
import { integerBasisHalf } from './inverse-dct.ts';
import { inverseDctReference } from './inverse-dct.reference.ts';
import { packVote } from './sign-votes.ts';

const gpu = await openTestGpu();
const basis = gpu.tensor([64, 32], 'i32', 'basis', integerBasisHalf());
const matrix = (rows: number, cols: number): BlockShape => ({ kind: 'matrix', rows, cols });
const gains = (cols: number): BlockShape => ({ kind: 'gains', rows: 1, cols });
const lengthOf = (shapes: readonly BlockShape[]): number =>
  shapes.reduce((sum, { rows, cols }) => sum + rows * cols, 0);

interface Votes {
  readonly starts: Uint32Array;
  readonly entries: Uint32Array;
}

/** Whole numbers over the whole lattice, its ends and zero first. */
function latticeValues(shapes: readonly BlockShape[], random: SeededRandom): Float32Array<ArrayBuffer> {
  const extremes = [0, 1, -1, 4096, -4096, -4097, largestInteger, -largestInteger];
  const values: number[] = [];
  for (const { kind, rows, cols } of shapes) {
    for (let at = 0; at < rows * cols; at++) {
      const q = at < extremes.length ? extremes[at] : random.below(2 * largestInteger + 1) - largestInteger;
      values.push(q / latticePerUnit[kind]);
    }
  }
  return Float32Array.from(values);
}

async function onGpu(
  shapes: readonly BlockShape[],
  values: Float32Array<ArrayBuffer>,
  { starts, entries }: Votes,
  { firstBlock, offset, rounds }: { firstBlock: number; offset: number; rounds: readonly RoundStep[] },
): Promise<Float32Array<ArrayBuffer>> {
  const sorted = votesByParity(starts, entries);
  const places = blockPlaces(shapes);
  const tensors = {
    values: gpu.tensor([values.length], 'f32', 'values', values),
    places: gpu.tensor([places.length / 4, 4], 'u32', 'places', places),
    starts: gpu.tensor([sorted.starts.length], 'u32', 'starts', sorted.starts),
    votes: gpu.tensor(
      [entries.length + 9],
      'u32',
      'votes',
      new Uint32Array(entries.length + 9).fill(0xdeadbeef),
    ),
  };
  gpu.writePrefix(tensors.votes, sorted.votes);
  const { dispatches, setRound } = applyVotes(gpu, { ...tensors, shapes, basis, firstBlock, offset });
  for (const round of rounds) {
    setRound(round);
    gpu.submit(dispatches);
  }
  const moved = await gpu.readF32(tensors.values);
  gpu.free(...Object.values(tensors));
  return moved;
}

/** The references of inverse and step, one after the other. */
function onCpu(
  shapes: readonly BlockShape[],
  values: Float32Array<ArrayBuffer>,
  { starts, entries }: Votes,
  { firstBlock, offset, rounds }: { firstBlock: number; offset: number; rounds: readonly RoundStep[] },
): Float32Array<ArrayBuffer> {
  const moved = values.slice();
  let start = 0;
  let block = firstBlock;
  for (const shape of shapes) {
    const x = inverseDctReference(starts, entries, block, shape);
    const end = start + shape.rows * shape.cols;
    for (const round of rounds) {
      const at = { kind: shape.kind, offset: offset + start, round };
      moved.set(applyReference(moved.subarray(start, end), x, at), start);
    }
    start = end;
    block += countBlocks(shape).blocks;
  }
  return moved;
}

/** The first word that differs, or -1. */
const firstDifference = (a: Float32Array, b: Float32Array): number => {
  const [one, two] = [a, b].map(
    ({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length),
  );
  return one.findIndex((word, at) => word !== two[at]);
};

describe('a round of votes on the GPU leaves the words that the references leave', () => {
  const cases: {
    shapes: BlockShape[];
    perBlock: number;
    firstBlock: number;
    offset: number;
    round: RoundStep;
  }[] = [
    {
      ...{ shapes: [matrix(64, 64)], perBlock: 8, firstBlock: 0, offset: 0 },
      round: { step: 8389, decay: 53690, roundKey: hashWords(1, 1) },
    },
    {
      ...{
        shapes: [matrix(192, 64), matrix(64, 320), gains(192)],
        perBlock: 40,
        firstBlock: 3,
        offset: 99968,
      },
      round: { step: 1, decay: 2 ** 18 - 1, roundKey: 0xffffffff },
    },
    {
      ...{ shapes: [gains(64), matrix(128, 128)], perBlock: 200, firstBlock: 1, offset: 2 ** 30 },
      round: { step: 2 ** 24 - 1, decay: 1, roundKey: 0x80000000 },
    },
    {
      ...{ shapes: [matrix(128, 64), gains(320)], perBlock: 1500, firstBlock: 0, offset: 64 },
      round: { step: 0, decay: 0, roundKey: 0 },
    },
  ];
  test.each(cases.map((one, seed) => ({ ...one, seed })))(
    'up to $perBlock votes a block from block $firstBlock, seed $seed',
    async ({ shapes, perBlock, firstBlock, offset, round, seed }) => {
      const random = new SeededRandom(seed);
      const sizes = shapes.flatMap((shape) =>
        Array.from({ length: countBlocks(shape).blocks }, () => blockSize(shape.kind)),
      );
      const starts = new Uint32Array(firstBlock + sizes.length + 1);
      const entries: number[] = Array.from({ length: 5 * firstBlock }, () => packVote(7, 3)); // of others
      for (let block = 0; block < firstBlock; block++) starts[block + 1] = 5 * (block + 1);
      sizes.forEach((size, block) => {
        const count = block === 1 ? 0 : random.below(perBlock + 1);
        for (let n = 0; n < count; n++) {
          const index = random.below(3) === 0 ? random.below(size) : random.below(20); // many more than once
          entries.push(packVote(index, random.below(15) - 7));
        }
        starts[firstBlock + block + 1] = entries.length;
      });
      const votes = { starts, entries: Uint32Array.from(entries) };
      const values = latticeValues(shapes, random);
      const rounds = [round, { ...round, roundKey: hashWords(round.roundKey) }];
      const where = { firstBlock, offset, rounds };
      const expected = onCpu(shapes, values, votes, where);
      expect(firstDifference(await onGpu(shapes, values, votes, where), expected)).toBe(-1);
      if (round.step > 0) expect(firstDifference(values, expected)).not.toBe(-1);
    },
  );

  test('the largest vote sum, on one coefficient, spread with the worst signs, or against each other', async () => {
    const shapes = [matrix(64, 64)];
    const random = new SeededRandom(9);
    const worst = (index: number): number =>
      Math.sign(integerBasis[(index >> 6) * 64] * integerBasis[(index & 63) * 64]);
    const lists: [number, number][][] = [
      [[64 + 63, -largestVoteSum]],
      Array.from({ length: 4096 }, (_, at) => [at, worst(at) * (at === 65 ? largestVoteSum - 4095 * 7 : 7)]),
      [
        [0, 16383],
        [65, 5],
        [0, -16383],
      ],
      [],
    ];
    const rounds = [{ step: 8389, decay: 53690, roundKey: 3 }];
    for (const list of lists) {
      const votes = {
        starts: new Uint32Array([0, list.length]),
        entries: Uint32Array.from(list, ([index, vote]) => packVote(index, vote)),
      };
      const values = latticeValues(shapes, random);
      const where = { firstBlock: 0, offset: 0, rounds };
      const expected = onCpu(shapes, values, votes, where);
      expect(firstDifference(await onGpu(shapes, values, votes, where), expected)).toBe(-1);
    }
  });

  test('votes are sorted by the parities of u and v, those on a coefficient added up, those that cancel left out', () => {
    const at = (u: number, v: number, vote: number): number => packVote(64 * u + v, vote);
    const lists = [
      [at(1, 3, 4), at(0, 2, -4), at(2, 1, 3), at(0, 2, 7), at(63, 63, -32767)],
      [],
      [at(5, 0, 1), at(5, 0, -1), at(5, 2, 2), at(5, 0, 1)],
    ];
    const starts = new Uint32Array([0, 5, 5, 9]);
    expect(votesByParity(starts, Uint32Array.from(lists.flat()))).toEqual({
      starts: new Uint32Array([0, 1, 2, 2, 4, 4, 4, 4, 4, 4, 4, 6, 6]),
      votes: new Uint32Array([
        at(0, 2, 3),
        at(2, 1, 3),
        at(1, 3, 4),
        at(63, 63, -32767),
        at(5, 0, 1),
        at(5, 2, 2),
      ]),
    });
  });

  test('more blocks than one dispatch takes (seed 10)', async () => {
    const shapes = [matrix(64 * 23, 64 * 23)];
    const random = new SeededRandom(10);
    const blocks = 23 * 23;
    const starts = Uint32Array.from({ length: blocks + 1 }, (_, block) => 3 * block);
    const entries = Uint32Array.from({ length: 3 * blocks }, () =>
      packVote(random.below(4096), random.below(7) - 3),
    );
    const values = new Float32Array(lengthOf(shapes)).fill(0.5);
    const where = { firstBlock: 0, offset: 0, rounds: [{ step: 8389, decay: 53690, roundKey: 5 }] };
    const votes = { starts, entries };
    const expected = onCpu(shapes, values, votes, where);
    expect(firstDifference(await onGpu(shapes, values, votes, where), expected)).toBe(-1);
  });
});
