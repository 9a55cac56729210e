// npx tsx src/testing/try-stories.ts <seed> <count> [path]: plays stories until one breaks; with a path, that one only.
import * as fc from 'fast-check';
import { playStory, stories } from './model-swarm.ts';
const [seed = 1, runs = 20] = process.argv.slice(2, 4).map(Number);
const path = process.argv[4];
let n = 0;
const started = performance.now();
await fc.assert(
  fc.asyncProperty(stories, async (story) => {
    n++;
    await playStory(story, false);
  }),
  { seed, numRuns: runs, endOnFailure: true, ...(path === undefined ? {} : { path }) },
);
console.log(`seed ${seed}: ${n} stories in ${((performance.now() - started) / 1000).toFixed(0)} s`);
