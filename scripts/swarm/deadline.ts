import type { Digest, PeerId } from '../../src/base/ids.ts';
import { planRun } from '../../src/volunteer/run-plan.ts';
import type { Preset } from './options.ts';

/** The deadline of a round, ms, in a run started with these wishes; who starts it and on what text makes no difference. */
export const deadlineMsOf = (preset: Preset, rounds: number): number =>
  planRun({
    preset,
    rounds,
    seed: 0,
    volunteers: 1,
    fixedWork: false,
    founder: '0'.repeat(32) as PeerId,
    nonce: '0'.repeat(32),
    corpus: '0'.repeat(64) as Digest,
  }).roundDeadlineMs;
