import { expect, test } from 'vitest';
import { readSafetensors } from '../export/safetensors.ts';
import { volunteersOf } from '../testing/volunteers.ts';
import type { PromptProgress, PromptRequest } from './prompt-request.ts';
import type { Volunteer } from './volunteer.ts';

const request: PromptRequest = {
  ...{ prompt: 'abc', length: 24, temperature: 0.7, topK: 40, topP: 0.9, stop: '', seed: 5 },
};

const written = (volunteer: Volunteer, asked = request): Promise<PromptProgress[]> =>
  new Promise((resolve) => {
    const told: PromptProgress[] = [];
    volunteer.desk.write(asked, (progress) => {
      told.push(progress);
      if (progress.state !== 'writing') resolve(told);
    });
  });

test('a volunteer writes and hands out its model while it trains, while it is paused and when all is over (seed 61)', async () => {
  const [one] = await volunteersOf(1, 61, (config) => ({ ...config, endRound: 30 }));
  const { volunteer } = one;
  expect((await written(volunteer)).at(-1)?.problem?.message).toContain('not here');
  await expect(volunteer.desk.takeHome('F32', 0)).rejects.toThrow('not here');

  void volunteer.run();
  const before = await one.until(({ round, state }) => round >= 2 && state === 'training');
  const [told, taken] = await Promise.all([written(volunteer), volunteer.desk.takeHome('F32', 0)]);
  expect(told.at(-1)).toMatchObject({ state: 'done', tokens: 24, problem: undefined });
  const after = await one.until(({ round }) => round > before.round + 1);
  expect(taken.round).toBeGreaterThanOrEqual(before.round);
  expect(taken.round).toBeLessThanOrEqual(after.round);
  const file = taken.files.find(({ name }) => name === 'model.safetensors');
  const read = readSafetensors(new Uint8Array((await file?.blob.arrayBuffer()) ?? new ArrayBuffer()));
  expect(read.ok && read.value.tensors.size).toBe(12);

  volunteer.pause();
  await one.until(({ state, reason }) => state === 'paused' && /stands still/.test(reason));
  const [first, again] = [await written(volunteer), await written(volunteer)];
  const textOf = (pieces: readonly PromptProgress[]): string => pieces.map(({ text }) => text).join('');
  expect(textOf(first)).not.toBe('');
  expect(textOf(again)).toBe(textOf(first));
  volunteer.resume();

  await one.until(({ state }) => state === 'finished');
  expect((await written(volunteer)).at(-1)?.state).toBe('done');
  const last = await volunteer.desk.takeHome('BF16', 0);
  expect(last.round).toBe(30);
  volunteer.leave();
  expect((await written(volunteer)).at(-1)?.state).toBe('failed');
});
