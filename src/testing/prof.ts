import { playStory } from './model-swarm.ts';
const t = performance.now();
await playStory(
  {
    seed: 5,
    open: true,
    delayMs: [1, 30],
    loss: 0.002,
    duplicate: 0,
    reorder: 0,
    liars: 0,
    disturbances: [],
  },
  false,
  200,
);
console.log('ms', performance.now() - t);
