import type { Clock } from '../base/clock.ts';
import { problemOf, StarlingError } from '../base/errors.ts';
import { SeededRandom } from '../base/random.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { generateText } from '../model/generate.ts';
import type { Replica } from '../model/replica.ts';
import { StopText } from '../model/sampling.ts';
import { promptProblem, type PromptProgress, type PromptRequest } from './prompt-request.ts';

/** Text is told of this often at most: a quick GPU makes a token in less time than a page takes to draw it. */
const tellEveryMs = 50;

export type Pieces = (
  replica: Replica,
  tokenizer: Tokenizer,
  request: PromptRequest,
) => AsyncIterable<string>;

/** One piece of text a token, some empty while a character is incomplete; one more at the end. */
const piecesOf: Pieces = (replica, tokenizer, { prompt, length, temperature, topK, topP, seed }) =>
  generateText(replica, tokenizer, {
    ...{ prompt, count: length, temperature, topK, topP, random: new SeededRandom(seed) },
  });

/**
 * Writes on from prompts, one at a time, with whatever replica there is, between the submits of a round: the GPU takes turns, so
 * both go on, each slower. It does not rest for the GPU's share itself, for it was asked for by hand; training rests for it.
 */
export class Prompting {
  readonly #replica: () => Replica | undefined;
  readonly #tokenizer: Tokenizer;
  readonly #clock: Clock;
  readonly #pieces: Pieces;
  #stopNewest: () => void = () => undefined;

  /** `replica`: undefined where there is none that stands in the run. */
  constructor(replica: () => Replica | undefined, tokenizer: Tokenizer, clock: Clock, pieces = piecesOf) {
    this.#replica = replica;
    this.#tokenizer = tokenizer;
    this.#clock = clock;
    this.#pieces = pieces;
  }

  /** Tells how a text comes along, until it is done, fails or is stopped with what is returned. Stops the one before. */
  write(request: PromptRequest, tell: (progress: PromptProgress) => void): () => void {
    this.#stopNewest();
    let stopped = false;
    const stop = (): void => {
      stopped = true;
    };
    this.#stopNewest = stop;
    void this.#write(request, tell, () => stopped);
    return stop;
  }

  async #write(
    request: PromptRequest,
    tell: (progress: PromptProgress) => void,
    isStopped: () => boolean,
  ): Promise<void> {
    const clock = this.#clock;
    const stopText = new StopText(request.stop);
    let [waiting, tokens, toldAtMs] = ['', 0, -Infinity];
    let firstAtMs: number | undefined;
    const say = (state: PromptProgress['state'], problem?: PromptProgress['problem']): void => {
      toldAtMs = clock.now();
      const seconds = (toldAtMs - (firstAtMs ?? toldAtMs)) / 1000;
      const tokensPerSecond = tokens > 1 && seconds > 0 ? (tokens - 1) / seconds : undefined;
      tell({ state, text: waiting, tokens, tokensPerSecond, problem });
      waiting = '';
    };
    try {
      const wrong = promptProblem(request);
      if (wrong !== undefined)
        throw new StarlingError(
          'prompt-unusable',
          `Nothing can be written with this ${wrong}.`,
          'Change it.',
        );
      const replica = this.#replica();
      if (replica === undefined)
        throw new StarlingError('no-model', 'The model is not here.', 'Wait until this tab is in the run.');
      for await (const piece of this.#pieces(replica, this.#tokenizer, request)) {
        firstAtMs ??= clock.now();
        tokens = Math.min(request.length, tokens + 1); // the last piece is what was left of a character
        waiting += stopText.push(piece);
        if (isStopped() || stopText.found) break;
        if (clock.now() - toldAtMs >= tellEveryMs) say('writing');
      }
      waiting += stopText.end();
      say(isStopped() ? 'stopped' : 'done');
    } catch (thrown) {
      waiting += stopText.end();
      say('failed', problemOf(thrown, 'Try again in a moment.'));
    }
  }
}
