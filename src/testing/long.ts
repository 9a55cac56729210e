/** Fuzzing rounds: `usual` in `npm test`, ten times as many in `npm run test:long` (STARLING_LONG=10). */
export const fuzzRounds = (usual: number): number => usual * Number(process.env['STARLING_LONG'] ?? '1');

/** Stories of the model of a swarm (model-swarm.ts): 200 in `npm test`, 20,000 in `npm run test:long`. */
export const storyCount = Number(process.env['STARLING_STORIES'] ?? '200');
