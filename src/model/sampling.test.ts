import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { sampleToken, StopText } from './sampling.ts';

const logits = [1, 3, 2, -1, 2.5];

/** How often each token came in `draws`, as fractions. */
function frequencies(temperature: number, topK: number, topP = 1, draws = 20_000): number[] {
  const random = new SeededRandom(17);
  const counts = logits.map(() => 0);
  for (let i = 0; i < draws; i++) counts[sampleToken(logits, { temperature, topK, topP, random })]++;
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

  it('draws only from the likeliest tokens that reach the share asked for (seed 17)', () => {
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const [first, second] = [3, 2.5].map((logit) => Math.exp(logit) / total);
    const drawn = (topP: number): number[] =>
      frequencies(1, logits.length, topP, 4_000).flatMap((frequency, token) =>
        frequency > 0 ? [token] : [],
      );
    expect(drawn(1e-9)).toEqual([1]);
    expect(drawn(first - 0.01)).toEqual([1]);
    expect(drawn(first + 0.01)).toEqual([1, 4]);
    expect(drawn(first + second + 0.01)).toEqual([1, 2, 4]);
    expect(drawn(1)).toEqual([0, 1, 2, 3, 4]);
  });

  it('takes the share of what top k leaves (seed 17)', () => {
    const [first, second] = [3, 2.5].map(Math.exp);
    expect(frequencies(1, 2, first / (first + second) - 0.01, 500)[1]).toBe(1);
    expect(frequencies(1, 2, first / (first + second) + 0.01, 500)[1]).toBeLessThan(1);
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

describe('a text that stops', () => {
  /** What comes through of `pieces`, and whether the stop text was found. */
  const through = (stop: string, pieces: readonly string[]): [string, boolean] => {
    const text = new StopText(stop);
    const shown = pieces.map((piece) => text.push(piece)).join('');
    return [shown + text.end(), text.found];
  };

  it('ends before the stop text, in one piece or letter by letter', () => {
    expect(through('END', ['one END two'])).toEqual(['one ', true]);
    expect(through('END', [...'one END two'])).toEqual(['one ', true]);
    expect(through('\n\n', ['a\n', 'b\n', '\nc'])).toEqual(['a\nb', true]);
  });

  it('lets through what only looked like the beginning of it', () => {
    expect(through('END', [...'EN EEND'])).toEqual(['EN E', true]);
    expect(through('END', ['the EN'])).toEqual(['the EN', false]);
    expect(through('aab', [...'aaab'])).toEqual(['a', true]);
  });

  it('holds back no more than may be the beginning of it', () => {
    const text = new StopText('END');
    expect(text.push('one E')).toBe('one ');
    expect(text.push('x')).toBe('Ex');
    expect(text.push('y')).toBe('y');
  });

  it('never ends at an empty stop text', () => {
    expect(through('', ['a', '', 'b'])).toEqual(['ab', false]);
  });
});
