/** Fuzzing rounds: `usual` in `npm test`, ten times as many in `npm run test:long` (STARLING_LONG=10). */
export const fuzzRounds = (usual: number): number => usual * Number(process.env['STARLING_LONG'] ?? '1');
