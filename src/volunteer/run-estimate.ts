import { blockLayout } from '../compression/blocks.ts';
import { maxPayloadBytes } from '../compression/sparse-update.ts';
import { compressScratch } from '../kernels/compress.ts';
import { countParameters, type ModelConfig, type PresetName } from '../model/config.ts';
import { parameterLayout } from '../model/parameters.ts';
import { peakBytes } from '../model/pass-memory.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import type { RunConfig } from './run-config.ts';
import { planRun } from './run-plan.ts';

/** How fast this GPU is: as measured in a run of the same size, or as a first measurement of it suggests. */
export type GpuSpeed =
  | { readonly kind: 'measured'; readonly msPerToken: number }
  | { readonly kind: 'guessed'; readonly gflops: number };

/** What a run would cost a volunteer here. Times are of its own computing: a round lasts as long as the slowest volunteer's. */
export interface RunEstimate {
  readonly parameters: number;
  /** Bytes the model sees at a time. */
  readonly context: number;
  /** While it trains, in f32, nothing computed twice: the most it takes. */
  readonly gpuBytes: number;
  readonly tokensPerRound: number;
  /** From the shortest to the longest it may be, ms; equal where it was measured; undefined: not known. */
  readonly roundMs: readonly [number, number] | undefined;
  /** Of the rounds asked for; undefined also where the run has no end. */
  readonly allMs: readonly [number, number] | undefined;
  /** To each other volunteer, a round, and as much from it. */
  readonly messageBytes: number;
  /** The model, for whoever comes late. */
  readonly snapshotBytes: number;
}

export interface EstimateOf {
  readonly preset: PresetName;
  readonly k: number;
  readonly rounds: number | undefined;
  readonly speed: GpuSpeed | undefined;
  /** The most of its time that the GPU may be busy, in [0.01, 1]. */
  readonly share: number;
}

/** Of a swarm of usual size. */
const membersVoting = 16;
/** A contribution's head and signature, a `have`, and its part of the record and the confirms: about. */
const messageOverhead = 320;
/** Of what the first measurement reached with large products, a whole step reaches about this much: from, to. */
const stepEfficiency = [0.2, 0.8] as const;
/** However small the model: what it takes to tell a GPU about a micro-batch, ms, from and to. */
const batchOverheadMs = [3, 15] as const;

/** Estimates a run. Pure, and cheap enough for every key press. */
export function estimateRun({ preset, k, rounds, speed, share }: EstimateOf): RunEstimate {
  const config = planned(preset, k, rounds);
  const { model, microBatch, tokensPerRound } = config;
  const parameters = countParameters(model);
  const { specs, length } = parameterLayout(model);
  const layout = blockLayout(specs);
  const passes = { batch: microBatch, sequence: model.context, gradients: true };
  // Momentum; for each block its selection, amplitudes, their sorted copy and its votes; the largest scratch of any variant.
  const perBlock = (12 + 8 * membersVoting) * k + 32;
  const strategyBytes = 4 * (length + compressScratch('lane', layout.blocks)) + perBlock * layout.blocks;
  const roundMs = speed && roundTime(config, speed, share);
  return {
    parameters,
    context: model.context,
    gpuBytes: peakBytes(model, passes) + strategyBytes,
    tokensPerRound,
    roundMs,
    allMs: rounds === undefined ? undefined : roundMs && [rounds * roundMs[0], rounds * roundMs[1]],
    messageBytes: maxPayloadBytes(layout, k) + messageOverhead,
    snapshotBytes: 4 * parameters,
  };
}

function roundTime(config: RunConfig, speed: GpuSpeed, share: number): readonly [number, number] {
  const { model, microBatch, tokensPerRound, computeBudgetMs } = config;
  const batchTokens = microBatch * model.context;
  const batches = tokensPerRound / batchTokens;
  // Whoever is below its target stops adding micro-batches after the budget: the one under way is the last.
  const timed = (batchMs: number): number =>
    Math.min(batches * batchMs, Math.ceil(computeBudgetMs / batchMs) * batchMs) / share;
  if (speed.kind === 'measured') {
    const ms = timed(speed.msPerToken * batchTokens);
    return [ms, ms];
  }
  const flops = batchTokens * flopsPerToken(model);
  const [slow, fast] = stepEfficiency;
  const [least, most] = batchOverheadMs;
  const at = (efficiency: number): number => flops / (speed.gflops * efficiency * 1e6);
  return [timed(at(fast) + least), timed(at(slow) + most)];
}

/** Of forward and backward: six for each parameter that multiplies, and causal attention. */
const flopsPerToken = (model: ModelConfig): number => {
  const { vocabulary, width, blocks, context } = model;
  return 6 * (countParameters(model) - vocabulary * width) + 6 * blocks * width * context;
};

/** Who starts it, its nonce and its text make no difference to what it costs. */
export const planned = (preset: PresetName, k: number | undefined, rounds: number | undefined): RunConfig =>
  planRun({
    preset,
    k,
    rounds,
    seed: 0,
    volunteers: 1,
    fixedWork: false,
    founder: '0'.repeat(32) as PeerId,
    nonce: '0'.repeat(32),
    corpus: '0'.repeat(64) as Digest,
  });
