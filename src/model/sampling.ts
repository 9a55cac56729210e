import { StarlingError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import type { SeededRandom } from '../base/random.ts';

/** How a token is chosen; cuts apply in this order, as in `transformers`: temperature, top-k, top-p. */
export interface SamplingOptions {
  /** Logits are divided by it. 0 takes the likeliest token every time. */
  readonly temperature: number;
  /** Only this many of the likeliest tokens are drawn from. */
  readonly topK: number;
  /**
   * In (0, 1]: of those, only the likeliest that together reach this share of their chances (nucleus sampling, Holtzman et
   * al. 2020). 1 or absent: all of them.
   */
  readonly topP?: number;
  readonly random: SeededRandom;
}

/** Draws a token from softmax(logits / temperature) over what top-k and top-p leave. Throws StarlingError `diverged`. */
export function sampleToken(
  logits: ArrayLike<number>,
  { temperature, topK, topP = 1, random }: SamplingOptions,
): number {
  invariant(temperature >= 0 && topK >= 1, 'a temperature of 0 or more and at least one token to draw from');
  invariant(topP > 0 && topP <= 1, 'a share of the chances above 0, at most 1');
  const all = Array.from(logits);
  if (!all.every(Number.isFinite)) {
    throw new StarlingError(
      'diverged',
      'The model computes values that are not numbers.',
      'Take an older checkpoint of this run.',
    );
  }
  const likeliest = [...all.keys()].sort((a, b) => all[b] - all[a] || a - b).slice(0, topK);
  const best = likeliest[0];
  if (temperature === 0) return best;
  const chances = likeliest.map((token) => Math.exp((all[token] - all[best]) / temperature));
  const kept = nucleus(chances, topP);
  let rest = random.float() * kept.reduce((sum, chance) => sum + chance, 0);
  for (const [rank, chance] of kept.entries()) {
    rest -= chance;
    if (rest < 0) return likeliest[rank];
  }
  return best; // rounding used up the last chance
}

/** The fewest of `chances`, which fall, whose sum is at least `share` of all; always the first. */
function nucleus(chances: readonly number[], share: number): readonly number[] {
  if (share === 1) return chances;
  let rest = share * chances.reduce((sum, chance) => sum + chance, 0);
  const count = chances.findIndex((chance) => (rest -= chance) <= 0) + 1;
  return count === 0 ? chances : chances.slice(0, count);
}

/**
 * Ends a stream of text before the first place where `stop` stands, also where it comes in several pieces: what may be the
 * beginning of it is held back until that is known. An empty `stop` never ends the text.
 */
export class StopText {
  readonly #stop: string;
  #held = '';
  #found = false;

  constructor(stop: string) {
    this.#stop = stop;
  }

  /** Whether `stop` has come. Nothing is let through from then on. */
  get found(): boolean {
    return this.#found;
  }

  /** The text that can be shown now that `piece` has come. */
  push(piece: string): string {
    if (this.#found) return '';
    if (this.#stop === '') return piece;
    const text = this.#held + piece;
    const at = text.indexOf(this.#stop);
    this.#found = at >= 0;
    let shown = this.#found ? at : text.length - Math.min(text.length, this.#stop.length - 1);
    if (!this.#found) while (shown < text.length && !this.#stop.startsWith(text.slice(shown))) shown++;
    this.#held = this.#found ? '' : text.slice(shown);
    return text.slice(0, shown);
  }

  /** What was held back, once no more text comes. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }
}
