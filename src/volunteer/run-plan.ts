import type { Digest, PeerId } from '../base/ids.ts';
import { presets, type PresetName } from '../model/config.ts';
import { cosineSchedule } from '../strategies/schedule.ts';
import type { RunConfig } from './run-config.ts';
import type { RunStart } from './start-weights.ts';

/** What the starter of a run may choose. */
export interface RunWishes {
  readonly preset: PresetName;
  readonly seed: number;
  /** Members to wait for before round 1. */
  readonly volunteers: number;
  /** Undefined: no end; the learning rate then falls over `openEndedRounds` and stays at its floor. */
  readonly rounds: number | undefined;
  /** True: every contribution is exactly one micro-batch, so that a run can be compared with another. */
  readonly fixedWork: boolean;
  readonly founder: PeerId;
  /** 32 lower-case hex digits: RunConfig. */
  readonly nonce: string;
  readonly corpus: Digest;
  /** Coefficients of a block that leave in a round; `usualK` unless given. */
  readonly k?: number | undefined;
  /** Of the preset's usual learning rate; 100 unless given. */
  readonly ratePercent?: number | undefined;
  /** False: only who has the run's invitation may join. True unless given. */
  readonly open?: boolean | undefined;
  /** Weights of this preset; what the seed gives unless given. */
  readonly start?: RunStart | undefined;
}

const openEndedRounds = 3_000;

export const usualK = 8;

/** Between which a starter may choose; whatever lies between is a run that everyone can train. */
export const runBounds = {
  volunteers: { least: 1, most: 64 },
  rounds: { least: 1, most: 1_000_000_000 },
  /** More could pass the votes that apply can sum, in a swarm of 256. */
  k: { least: 1, most: 31 },
  ratePercent: { least: 10, most: 400 },
} as const;

/** Peak learning rates in units of 2^-22: 2e-3 at `nano` (design, part 4), falling with width as is usual. */
const peaks: Readonly<Record<PresetName, number>> = { nano: 8389, micro: 4194, small: 1678 };

/** The config of a new run. */
export function planRun(wishes: RunWishes): RunConfig {
  const { preset, k = usualK, ratePercent = 100, open = true } = wishes;
  const model = presets[preset];
  const microBatch = preset === 'small' ? 1 : 4;
  const oneBatch = microBatch * model.context;
  const scheduleRounds = wishes.rounds ?? openEndedRounds;
  return {
    version: 1,
    preset,
    model,
    tokenizer: 'bytes',
    corpus: wishes.corpus,
    strategy: {
      name: 'distro',
      k,
      momentumDecayPermille: 990,
      schedule: cosineSchedule({
        peak: Math.round((peaks[preset] * ratePercent) / 100),
        warmUp: Math.min(40, Math.ceil(scheduleRounds / 4)),
        rounds: scheduleRounds,
      }),
      decayPermille: 100,
    },
    seed: wishes.seed,
    microBatch,
    tokensPerRound: wishes.fixedWork ? oneBatch : 2 * oneBatch,
    computeBudgetMs: 8_000,
    roundDeadlineMs: 30_000,
    minMembers: wishes.volunteers,
    endRound: wishes.rounds ?? null,
    validationEvery: 25,
    validationSequences: 64,
    founder: wishes.founder,
    nonce: wishes.nonce,
    open,
    ...(wishes.start === undefined ? {} : { start: wishes.start }),
  };
}
