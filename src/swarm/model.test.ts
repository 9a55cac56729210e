import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { storyCount } from '../testing/long.ts';
import { playStory, stories } from '../testing/model-swarm.ts';

// Half of the stories; the other half is in model-2.test.ts, so that two processes share the work.
const count = Math.ceil(storyCount / 2);
// A story takes three seconds of a quiet core and eight of a busy one; one that fails is shrunk until then.
const limitMs = 60_000 + 20_000 * count;

test(
  `sixteen volunteers keep every invariant over 200 rounds, whatever happens (${count} stories from seed 1)`,
  async () => {
    let played = 0;
    let rounds = 0;
    await fc.assert(
      fc.asyncProperty(stories, async (story) => {
        rounds += await playStory(story, played++ % 20 === 19);
      }),
      { seed: 1, numRuns: count, interruptAfterTimeLimit: limitMs, markInterruptAsFailure: true },
    );
    expect(played).toBe(count);
    expect(rounds).toBeGreaterThanOrEqual(200 * count);
  },
  limitMs + 60_000,
);
