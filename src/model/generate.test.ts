import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { sampleToken } from './generate.ts';

const logits = [1, 3, 2, -1, 2.5];

/** How often each token came in `draws`, as fractions. */
function frequencies(temperature: number, topK: number, draws = 20_000): number[] {
  const random = new SeededRandom(17);
  const counts = logits.map(() => 0);
  for (let i = 0; i < draws; i++) counts[sampleToken(logits, { temperature, topK, random })]++;
  return counts.map((count) => count / draws);
}

describe('sampling a token', () => {
  it('takes the likeliest at temperature 0, and the first of equals', () => {
    const random = new SeededRandom(1);
    expect(sampleToken(logits, { temperature: 0, topK: 5, random })).toBe(1);
    expect(sampleToken([0, 2, 2], { temperature: 0, topK: 3, random })).toBe(1);
    expect(sampleToken(logits, { temperature: 1, topK: 1, random })).toBe(1);
  });

  it('draws by the softmax of the logits over the temperature (seed 17)', () => {
    for (const temperature of [0.5, 1, 2]) {
      const weights = logits.map((logit) => Math.exp(logit / temperature));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      frequencies(temperature, logits.length).forEach((frequency, token) => {
        expect(Math.abs(frequency - weights[token] / total), `token ${token} at ${temperature}`).toBeLessThan(
          0.015,
        );
      });
    }
  });

  it('never draws outside the top k (seed 17)', () => {
    const drawn = frequencies(5, 3);
    expect(drawn[0]).toBe(0);
    expect(drawn[3]).toBe(0);
    expect(Math.min(drawn[1], drawn[2], drawn[4])).toBeGreaterThan(0);
  });

  it('repeats itself for one seed', () => {
    const draw = (): number[] => {
      const random = new SeededRandom(3);
      return Array.from({ length: 50 }, () => sampleToken(logits, { temperature: 1, topK: 5, random }));
    };
    expect(draw()).toEqual(draw());
  });

  it('says so when the model has diverged', () => {
    const random = new SeededRandom(1);
    expect(() => sampleToken([0, NaN], { temperature: 1, topK: 2, random })).toThrow('not numbers');
  });
});
