import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { blockSize, countBlocks, elementOf, type BlockShape } from './block-shape.ts';
import { integerBasis, largestVoteSum } from './integer-basis.ts';
import { integerBasisHalf, inverseDct } from './inverse-dct.ts';
import { inverseDctReference } from './inverse-dct.reference.ts';
import { packVote } from './sign-votes.ts';

const gpu = await openTestGpu();
const basis = gpu.tensor([64, 32], 'i32', 'basis', integerBasisHalf());
const untouched = 0x5eadbeef;

async function run(starts: Uint32Array, votes: Uint32Array, firstBlock: number, shape: BlockShape) {
  const room = shape.rows * shape.cols + 5;
  const tensors = {
    starts: gpu.tensor([starts.length], 'u32', 'starts', new Uint32Array(starts)),
    votes: gpu.tensor([votes.length], 'u32', 'votes', new Uint32Array(votes)),
    x: gpu.tensor([room], 'i32', 'x', new Int32Array(room).fill(untouched)),
  };
  gpu.submit([inverseDct(gpu, { ...tensors, firstBlock, basis, ...shape })]);
  const x = await gpu.readI32(tensors.x);
  gpu.free(...Object.values(tensors));
  expect(Array.from(x.subarray(room - 5)), 'nothing is written past the end').toEqual(
    Array(5).fill(untouched),
  );
  return x.subarray(0, room - 5);
}

describe('the integer inverse transform equals its plain-loop reference word for word', () => {
  const cases: (BlockShape & { perBlock: number; firstBlock: number })[] = [
    { kind: 'matrix', rows: 64, cols: 64, perBlock: 8, firstBlock: 0 },
    { kind: 'matrix', rows: 192, cols: 64, perBlock: 24, firstBlock: 1 },
    { kind: 'matrix', rows: 128, cols: 320, perBlock: 40, firstBlock: 3 },
    { kind: 'matrix', rows: 64, cols: 64, perBlock: 4096, firstBlock: 0 },
    { kind: 'gains', rows: 1, cols: 320, perBlock: 30, firstBlock: 2 },
    { kind: 'gains', rows: 1, cols: 64, perBlock: 64, firstBlock: 0 },
  ];
  test.each(cases.map((one, seed) => ({ ...one, seed })))(
    '$kind $rows x $cols with up to $perBlock votes a block from block $firstBlock, seed $seed',
    async ({ perBlock, firstBlock, seed, ...shape }) => {
      const random = new SeededRandom(seed);
      const { blocks } = countBlocks(shape);
      const starts = new Uint32Array(firstBlock + blocks + 1);
      for (let block = 0; block < firstBlock + blocks; block++) {
        starts[block + 1] = starts[block] + (random.below(5) === 0 ? 0 : random.below(perBlock + 1));
      }
      const size = blockSize(shape.kind);
      const votes = Uint32Array.from({ length: Math.max(1, starts[starts.length - 1]) }, () =>
        packVote(random.below(size), random.below(15) - 7),
      );
      const got = await run(starts, votes, firstBlock, shape);
      expect(got).toEqual(inverseDctReference(starts, votes, firstBlock, shape));
    },
  );

  test('the largest vote sum, on one coefficient or spread with the worst signs, equals unbounded integers', async () => {
    const shape: BlockShape = { kind: 'matrix', rows: 64, cols: 64 };
    const one: [number, number][] = [[1 * 64 + 63, -largestVoteSum]];
    const spread = Array.from({ length: 4096 }, (_, at): [number, number] => {
      const sign = Math.sign(integerBasis[(at >> 6) * 64] * integerBasis[(at & 63) * 64]); // makes X[0][0] largest
      return [at, sign * (at === 65 ? largestVoteSum - 4095 * 7 : 7)];
    });
    for (const votes of [one, spread]) {
      const packed = Uint32Array.from(votes, ([index, vote]) => packVote(index, vote));
      const x = await run(new Uint32Array([0, votes.length]), packed, 0, shape);
      for (let at = 0; at < 4096; at += 63) {
        const exact = votes.reduce((sum, [index, vote]) => {
          const [tu, tv] = [
            integerBasis[(index >> 6) * 64 + (at >> 6)],
            integerBasis[(index & 63) * 64 + (at & 63)],
          ];
          return sum + BigInt(vote) * BigInt(tu) * BigInt(tv);
        }, 0n);
        expect(BigInt(x[elementOf('matrix', 1, 0, at)])).toBe(exact);
      }
    }
  });
});
