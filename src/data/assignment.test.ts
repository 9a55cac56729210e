import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PeerId } from '../base/ids.ts';
import { assign, memberWord, roundsPerShard, validationSamples, type ShardShape } from './assignment.ts';

const shards: readonly ShardShape[] = Array.from({ length: 40 }, (_, i) => ({
  bytes: 4000 + (i % 3),
  split: i % 10 === 9 ? 'validation' : 'train',
}));
const base = { seed: 1, round: 5, member: 77, sequences: 4, sequenceLength: 64, shards };

describe('assignment', () => {
  it('is the same every time it is asked', () => {
    expect(assign(base)).toEqual(assign({ ...base }));
  });

  it('differs between members, rounds and seeds', () => {
    const texts = [base, { ...base, member: 78 }, { ...base, round: 6 }, { ...base, seed: 2 }].map((of) =>
      JSON.stringify(assign(of)),
    );
    expect(new Set(texts).size).toBe(4);
  });

  it('keeps every sample inside one train shard, one token longer than the sequence (seed 2)', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.nat(0xffffffff),
          round: fc.nat(1_000_000),
          member: fc.nat(0xffffffff),
          sequences: fc.integer({ min: 1, max: 16 }),
          sequenceLength: fc.integer({ min: 1, max: 3999 }),
        }),
        (of) => {
          const samples = assign({ ...of, shards });
          expect(samples.length).toBe(of.sequences);
          for (const { shard, offset, length } of samples) {
            expect(length).toBe(of.sequenceLength + 1);
            expect(shards[shard]?.split).toBe('train');
            expect(offset).toBeGreaterThanOrEqual(0);
            expect(offset + length).toBeLessThanOrEqual(shards[shard]?.bytes ?? 0);
          }
        },
      ),
      { seed: 2, numRuns: 200 },
    );
  });

  it('reads at most one shard a sequence slot in any window of rounds, and other shards in the next', () => {
    const shardsOf = (window: number) => {
      const used = new Set<number>();
      for (let round = window * roundsPerShard; round < (window + 1) * roundsPerShard; round++) {
        for (const sample of assign({ ...base, round })) used.add(sample.shard);
      }
      return used;
    };
    const first = shardsOf(0);
    expect(first.size).toBeLessThanOrEqual(base.sequences);
    expect([...shardsOf(1)]).not.toEqual([...first]);
  });

  it('reaches every train shard in time, about equally often, and offsets at both ends', () => {
    const tiny: ShardShape[] = [
      { bytes: 10, split: 'train' },
      { bytes: 30, split: 'train' },
    ];
    const hits = [0, 0];
    const offsets = new Set<number>();
    for (let round = 0; round < 16_000; round += roundsPerShard) {
      for (const { shard, offset } of assign({ ...base, round, sequenceLength: 7, shards: tiny })) {
        hits[shard] = (hits[shard] ?? 0) + 1;
        if (shard === 0) offsets.add(offset);
      }
    }
    expect([...offsets].sort()).toEqual([0, 1, 2]);
    // Shard 1 has three quarters of the bytes: 3000 of 4000 draws, standard deviation 27.
    expect(Math.abs((hits[1] ?? 0) - 3000)).toBeLessThan(5 * 27);
  });

  it('refuses a corpus with no train shard long enough', () => {
    expect(() => assign({ ...base, sequenceLength: 4002 })).toThrow('train shard');
  });

  it('takes a member word from the first 32 bits of its id', () => {
    expect(memberWord('00000010ffffffffffffffffffffffff' as PeerId)).toBe(16);
  });
});

describe('validation samples', () => {
  it('are fixed for a seed and come from validation shards only', () => {
    const of = { seed: 1, count: 64, sequenceLength: 64, shards };
    const samples = validationSamples(of);
    expect(validationSamples(of)).toEqual(samples);
    expect(samples.length).toBe(64);
    for (const { shard, offset, length } of samples) {
      expect(shards[shard]?.split).toBe('validation');
      expect(length).toBe(65);
      expect(offset + length).toBeLessThanOrEqual(shards[shard]?.bytes ?? 0);
    }
    expect(new Set(samples.map((sample) => `${sample.shard} ${sample.offset}`)).size).toBeGreaterThan(55);
    expect(validationSamples({ ...of, seed: 2 })).not.toEqual(samples);
  });

  it('begin with the same samples when more are asked for', () => {
    const of = { seed: 1, sequenceLength: 64, shards };
    expect(validationSamples({ ...of, count: 32 }).slice(0, 8)).toEqual(
      validationSamples({ ...of, count: 8 }),
    );
  });
});
