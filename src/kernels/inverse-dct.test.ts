import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poison } from '../testing/gpu.ts';
import { blockSize, type BlockShape } from './block-shape.ts';
import { integerBasis, largestVoteSum } from './integer-basis.ts';
import { integerBasisHalf, inverseDct } from './inverse-dct.ts';
import { inverseDctReference } from './inverse-dct.reference.ts';

const gpu = await openTestGpu();
const basis = gpu.tensor([64, 32], 'i32', 'basis', integerBasisHalf());

async function run(votes: Int32Array<ArrayBuffer>, shape: BlockShape) {
  const size = blockSize(shape.kind);
  const voteTensor = gpu.tensor([votes.length / size, size], 'i32', 'votes', votes);
  const room = shape.rows * shape.cols + 5;
  const x = gpu.tensor([room], 'i32', 'x', new Int32Array(room).fill(poison));
  gpu.submit([inverseDct(gpu, { votes: voteTensor, basis, x, ...shape })]);
  const result = { x: await gpu.readI32(x), votes: await gpu.readI32(voteTensor) };
  gpu.free(voteTensor, x);
  return result;
}

describe('the integer inverse transform equals its plain-loop reference word for word', () => {
  const cases: (BlockShape & { nonzero: number })[] = [
    { kind: 'matrix', rows: 64, cols: 64, nonzero: 8 },
    { kind: 'matrix', rows: 192, cols: 64, nonzero: 60 },
    { kind: 'matrix', rows: 128, cols: 320, nonzero: 120 },
    { kind: 'matrix', rows: 64, cols: 64, nonzero: 4096 },
    { kind: 'gains', rows: 1, cols: 320, nonzero: 30 },
    { kind: 'gains', rows: 1, cols: 64, nonzero: 64 },
  ];
  test.each(cases.map((one, seed) => ({ ...one, seed })))(
    '$kind $rows x $cols with up to $nonzero votes, seed $seed',
    async ({ nonzero, seed, ...shape }) => {
      const random = new SeededRandom(seed);
      const votes = new Int32Array(shape.rows * shape.cols);
      for (let n = 0; n < nonzero; n++) votes[random.below(votes.length)] = random.below(17) - 8;
      const got = await run(votes, shape);
      const expected = inverseDctReference(votes, shape);
      expect(got.x.subarray(0, expected.length)).toEqual(expected);
      expect(Array.from(got.x.subarray(expected.length))).toEqual([12345, 12345, 12345, 12345, 12345]);
      expect(
        got.votes.every((vote) => vote === 0),
        'votes are left zero',
      ).toBe(true);
    },
  );

  test('the largest vote sum, on any one coefficient or spread with the worst signs, stays inside i32', async () => {
    const shape: BlockShape = { kind: 'matrix', rows: 64, cols: 64 };
    const whole = (votes: Int32Array, i: number, j: number): bigint => {
      let sum = 0n;
      votes.forEach((vote, at) => {
        if (vote !== 0)
          sum +=
            BigInt(vote) *
            BigInt(integerBasis[(at >> 6) * 64 + i]) *
            BigInt(integerBasis[(at & 63) * 64 + j]);
      });
      return sum;
    };
    const one = new Int32Array(4096);
    one[1 * 64 + 63] = -largestVoteSum;
    const spread = new Int32Array(4096); // all of S, signed so that X[0][0] is as large as it can be
    for (let at = 0; at < 4096; at++) {
      const sign = Math.sign(integerBasis[(at >> 6) * 64] * integerBasis[(at & 63) * 64]);
      spread[at] = sign * (at === 65 ? largestVoteSum - 4095 * 7 : 7);
    }
    for (const votes of [one, spread]) {
      const { x } = await run(votes.slice(), shape);
      for (let at = 0; at < 4096; at += 63) expect(BigInt(x[at])).toBe(whole(votes, at >> 6, at & 63));
    }
  });
});
