import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fuzzRounds } from '../testing/long.ts';
import { playStory, stories } from '../testing/model-swarm.ts';

const seeds = fuzzRounds(4);

describe('sixteen volunteers for 200 rounds, whatever happens to them', () => {
  test('keep every invariant', async () => {
    let n = 0;
    await fc.assert(
      fc.asyncProperty(stories, async (story) => {
        await playStory(story, n++ % 20 === 19);
      }),
      { seed: 1, numRuns: seeds },
    );
    expect(n).toBeGreaterThanOrEqual(seeds);
  }, 600_000);
});
