import { describe, expect, it } from 'vitest';
import { openTestGpu, randomNormal } from '../testing/gpu.ts';
import { SeededRandom } from '../base/random.ts';
import { settled } from './settle.ts';

const gpu = await openTestGpu();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A queue that answers only when something is submitted for the `answers`th time. */
function slowQueue(answers: number) {
  let submits = 0;
  let answer: (value: string) => void = () => undefined;
  const done = new Promise<string>((resolve) => {
    answer = resolve;
  });
  const submit = (): void => {
    if (++submits === answers) answer('done');
  };
  return { queue: { submit } as unknown as GPUQueue, done, submits: () => submits };
}

describe('waiting for a queue', () => {
  it.each([1, 2, 9])(
    'hurries on one that answers at submit %i, and then leaves it alone',
    async (answers) => {
      const { queue, done, submits } = slowQueue(answers);
      expect(await settled(queue, done)).toBe('done');
      await pause(30);
      expect(submits()).toBe(answers);
    },
  );

  it('passes on a failure, and leaves the queue alone after it', async () => {
    const { queue, submits } = slowQueue(Infinity);
    await expect(settled(queue, Promise.reject(new Error('lost')))).rejects.toThrow('lost');
    const before = submits();
    await pause(30);
    expect(submits()).toBe(before);
  });

  it('submits less and less often', async () => {
    const { queue, submits } = slowQueue(Infinity);
    await settled(queue, pause(300));
    expect(submits()).toBeGreaterThan(2);
    expect(submits()).toBeLessThan(45);
  });

  it('brings 20 small reads, one after the other, well before a slow browser would look 20 times', async () => {
    const values = randomNormal(new SeededRandom(8), 64);
    const tensor = gpu.tensor([64], 'f32', 'tensor', values);
    const tookMs: number[] = [];
    for (let i = 0; i < 20; i++) {
      const start = performance.now();
      expect(await gpu.readF32(tensor)).toEqual(values);
      tookMs.push(performance.now() - start);
    }
    // The quickest quarter: a machine busy with other things holds up some, a wait that is not hurried all.
    expect(tookMs.sort((a, b) => a - b)[5]).toBeLessThan(50);
    gpu.free(tensor);
  });
});
