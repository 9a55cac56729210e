import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import { byteTokenizer } from '../data/tokenizer.ts';
import type { Replica } from '../model/replica.ts';
import { Prompting, type Pieces } from './prompting.ts';
import type { PromptProgress, PromptRequest } from './prompt-request.ts';

const request: PromptRequest = {
  ...{ prompt: 'The ', length: 8, temperature: 0.7, topK: 40, topP: 1, stop: '', seed: 1 },
};
const replica = {} as Replica;

/** A writer whose model says these letters, 20 ms each, and what it tells until it is over. */
function writer(letters: string, at: (index: number) => void = () => undefined, model = true) {
  const clock = new ManualClock();
  const pieces: Pieces = async function* (_replica, _tokenizer, { length }) {
    for (const [index, letter] of [...letters].slice(0, length).entries()) {
      await Promise.resolve();
      clock.advance(20);
      at(index);
      yield letter;
    }
    yield '';
  };
  const prompting = new Prompting(() => (model ? replica : undefined), byteTokenizer, clock, pieces);
  const write = (asked: PromptRequest): { stop: () => void; told: Promise<PromptProgress[]> } => {
    const told: PromptProgress[] = [];
    let stop = (): void => undefined;
    const over = new Promise<PromptProgress[]>((resolve) => {
      stop = prompting.write(asked, (progress) => {
        told.push(progress);
        if (progress.state !== 'writing') resolve(told);
      });
    });
    return { stop, told: over };
  };
  return { write };
}
const textOf = (told: readonly PromptProgress[]): string => told.map(({ text }) => text).join('');

describe('writing on from a prompt', () => {
  it('tells the text in pieces, not every token, with the speed', async () => {
    const told = await writer('abcdefgh').write(request).told;
    expect(textOf(told)).toBe('abcdefgh');
    expect(told.length).toBeLessThan(6);
    expect(told.at(-1)).toMatchObject({ state: 'done', tokens: 8 });
    expect(told.at(-1)?.tokensPerSecond).toBeCloseTo(50, 6);
  });

  it('ends before the stop text, and tells nothing of it', async () => {
    const told = await writer('ab END c').write({ ...request, stop: 'END' }).told;
    expect(textOf(told)).toBe('ab ');
    expect(told.at(-1)?.state).toBe('done');
  });

  it('stops when told to, with what there is', async () => {
    let stop = (): void => undefined;
    const writing = writer('abcdefgh', (index) => {
      if (index === 3) stop();
    }).write(request);
    stop = writing.stop;
    const told = await writing.told;
    expect(told.at(-1)?.state).toBe('stopped');
    expect(textOf(told)).toBe('abcd');
  });

  it('stops the text before, for one is written at a time', async () => {
    const { write } = writer('abcdefgh');
    const [first, second] = [write(request), write(request)];
    expect((await first.told).at(-1)?.state).toBe('stopped');
    expect((await second.told).at(-1)?.state).toBe('done');
  });

  it('fails with what to do: without a model, with numbers that mean nothing, and where the GPU is lost', async () => {
    const none = await writer('a', undefined, false).write(request).told;
    expect(none.at(-1)).toMatchObject({ state: 'failed', problem: { message: 'The model is not here.' } });
    const hot = await writer('a').write({ ...request, temperature: NaN }).told;
    expect(hot.at(-1)?.problem?.message).toContain('temperature');
    const lost = await writer('abc', (index) => {
      if (index === 2) throw new StarlingError('gpu-lost', 'The GPU was lost.', 'Wait.');
    }).write(request).told;
    expect(lost.at(-1)).toMatchObject({ state: 'failed', problem: { message: 'The GPU was lost.' } });
    expect(textOf(lost)).toBe('ab');
  });
});
