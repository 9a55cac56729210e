// npx tsx src/testing/try-stories.ts <seed> <count>: plays stories until one breaks, then shrinks it.
import * as fc from 'fast-check';
import { playStory, stories } from './model-swarm.ts';
const [seed = 1, runs = 20] = process.argv.slice(2).map(Number);
let n = 0;
const started = performance.now();
await fc.assert(
  fc.asyncProperty(stories, async (story) => {
    n++;
    await playStory(story, false);
  }),
  { seed, numRuns: runs, verbose: 0, endOnFailure: process.argv[4] === 'fast' },
);
console.log(`seed ${seed}: ${n} stories in ${((performance.now() - started) / 1000).toFixed(0)} s`);
