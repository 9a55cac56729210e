import * as v from 'valibot';
import { utf8 } from '../base/bytes.ts';
import { canonicalJson } from '../base/canonical-json.ts';
import { digestOf } from '../base/digest.ts';
import { isDigest, isPeerId, type Digest, type PeerId, type RunId } from '../base/ids.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import { voteSumProblem } from '../compression/aggregate.ts';
import { byteTokenizer } from '../data/tokenizer.ts';
import { configProblem, countParameters, type ModelConfig, type PresetName } from '../model/config.ts';
import { distroProblem, type DistroHyperparameters } from '../strategies/distro.ts';
import { maxConfigCharacters } from '../swarm/announcements.ts';
import { limits } from '../swarm/protocol.ts';
import type { RunStart } from './start-weights.ts';
import { mostStartBytes } from './text-choice.ts';

/**
 * Everything that fixes a run, immutable and content-addressed: the run id is the SHA-256 of its canonical JSON.
 * Numbers that feed replicated state are integers (design section 5).
 */
export interface RunConfig {
  readonly version: 1;
  readonly preset: PresetName;
  readonly model: ModelConfig;
  readonly tokenizer: 'bytes';
  /** Digest of the corpus manifest: every volunteer reads the same text. */
  readonly corpus: Digest;
  readonly strategy: DistroConfig;
  readonly seed: number;
  /** B: sequences a volunteer runs at once. */
  readonly microBatch: number;
  /** Tokens that make a full-weight contribution. */
  readonly tokensPerRound: number;
  /** A volunteer below its token target stops adding micro-batches after this long. */
  readonly computeBudgetMs: number;
  readonly roundDeadlineMs: number;
  readonly minMembers: number;
  /** The last round, or null for a run without end. */
  readonly endRound: number | null;
  /** Rounds between measurements on validation text, which members share among themselves. */
  readonly validationEvery: number;
  readonly validationSequences: number;
  readonly founder: PeerId;
  /** 32 lower-case hex digits, drawn by who starts the run: the same wishes of the same key are another run each time. */
  readonly nonce: string;
  /** True: strangers may join, and two thirds of the members are a quorum. False: by invitation, and more than half are. */
  readonly open: boolean;
  /** The weights before round 1; absent: those that `seed` gives. */
  readonly start?: RunStart;
}

export interface DistroConfig {
  readonly name: 'distro';
  /** k: coefficients of a block that leave in a round. */
  readonly k: number;
  /** Per mille. Local to each volunteer, so it need not be exact. */
  readonly momentumDecayPermille: number;
  /** [round, step] breakpoints, step in units of 2^-22, linear in between. */
  readonly schedule: readonly (readonly [number, number])[];
  /** Weight decay, per mille of the learning rate. */
  readonly decayPermille: number;
}

/** Of a contribution: design section 4. */
const largestWeight = 4;

const whole = (low: number, high: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high));

/** A RunStart from outside. */
export const startSchema = v.strictObject({
  root: v.custom<Digest>(isDigest),
  state: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  bytes: whole(4, mostStartBytes),
});

const schema = v.strictObject({
  version: v.literal(1),
  preset: v.picklist(['nano', 'micro', 'small']),
  model: v.strictObject({
    vocabulary: whole(64, 65_536),
    width: whole(64, 16_384),
    blocks: whole(1, 128),
    heads: whole(1, 256),
    hidden: whole(64, 65_536),
    context: whole(1, 8_192),
  }),
  tokenizer: v.literal('bytes'),
  corpus: v.custom<Digest>(isDigest),
  strategy: v.strictObject({
    name: v.literal('distro'),
    k: whole(1, 64),
    momentumDecayPermille: whole(0, 999),
    schedule: v.pipe(
      v.array(v.strictTuple([whole(0, 1e9), whole(0, 1 << 20)])),
      v.minLength(1),
      v.maxLength(512),
    ),
    decayPermille: whole(0, 1000),
  }),
  seed: whole(0, 0xffffffff),
  microBatch: whole(1, 64),
  tokensPerRound: whole(1, 1 << 24),
  computeBudgetMs: whole(100, 3_600_000),
  roundDeadlineMs: whole(500, 3_600_000),
  minMembers: whole(1, 64),
  endRound: v.nullable(whole(1, 1e9)),
  validationEvery: whole(1, 1e6),
  validationSequences: whole(1, 4_096),
  founder: v.custom<PeerId>(isPeerId),
  nonce: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  open: v.boolean(),
  // Never null: a run has one encoding, and one without it the id that it had before there were such runs.
  start: v.exactOptional(startSchema),
});

export async function runIdOf(config: RunConfig): Promise<RunId> {
  return (await digestOf(utf8(canonicalJson(config)))) as unknown as RunId;
}

/** Reads a config someone announced. Refuses anything that this version could not train exactly as its author meant. */
export function readRunConfig(text: string): Decoded<RunConfig> {
  if (text.length > maxConfigCharacters) return refused('config too long');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refused('config is not JSON');
  }
  const parsed = v.safeParse(schema, json, { abortEarly: true });
  if (!parsed.success) return refused('config has the wrong shape');
  const config = parsed.output;
  if (configProblem(config.model) !== undefined || config.model.vocabulary !== byteTokenizer.vocabulary)
    return refused('config names a model we cannot train');
  if (config.tokensPerRound < config.model.context)
    return refused('config asks for less than one sequence a round');
  if (config.start !== undefined && config.start.bytes !== 4 * countParameters(config.model))
    return refused('config starts from weights of another size');
  const fullHouse = Array<number>(limits.members).fill(largestWeight);
  if (
    distroProblem(hyperparametersOf(config)) !== undefined ||
    voteSumProblem(config.strategy.k, fullHouse) !== undefined
  )
    return refused('config has a strategy we cannot run');
  return accepted(config);
}

/** What the strategy of a run is made with. */
export const hyperparametersOf = ({ strategy, seed }: RunConfig): DistroHyperparameters => ({
  k: strategy.k,
  momentumDecay: strategy.momentumDecayPermille / 1000,
  schedule: strategy.schedule,
  decayPermille: strategy.decayPermille,
  seed,
});
