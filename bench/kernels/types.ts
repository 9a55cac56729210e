// What the bench passes around: between libraries and sections, and from the page to the command.
import type { ModelConfig } from '../../src/model/config.ts';

export const peerNames = ['jax', 'tfjs', 'ort'] as const;
export type PeerName = (typeof peerNames)[number];
export type LibraryName = 'ours' | PeerName;

export const deviceNames = ['chromium', 'firefox', 'node'] as const;
export type DeviceName = (typeof deviceNames)[number];

export const sectionNames = ['matmul', 'attention', 'compression', 'apply', 'step'] as const;
export type SectionName = (typeof sectionNames)[number];

/** out [m,n] = A [m,k] B [k,n]. */
export interface MatmulSize {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

export interface AttentionSize {
  readonly batch: number;
  readonly sequence: number;
  readonly heads: number;
  readonly headSize: number;
}

export type AttentionWork = 'forward' | 'backward' | 'both';

/** q, k, v and the gradient of the output, each f32 [batch, sequence, heads, headSize]. */
export interface AttentionInputs {
  readonly q: Float32Array<ArrayBuffer>;
  readonly k: Float32Array<ArrayBuffer>;
  readonly v: Float32Array<ArrayBuffer>;
  readonly dOut: Float32Array<ArrayBuffer>;
}

/** Something a library has made ready to be timed, with several sets of inputs so that none is the last one's. */
export interface Prepared {
  /** Computes with one set of inputs; resolves when the GPU is done. Nothing is read back. */
  run(set: number): Promise<void>;
  /** Computes with set 0 and reads the whole result. */
  result(): Promise<Float32Array>;
  free(): void;
}

/** A model in training: the same weights and batches give every library the same losses, but for rounding. */
export interface Trainer {
  /** Forward, backward, clip, AdamW. Resolves to the loss before the step when the GPU is done with all of it. */
  step(batch: { ids: Uint32Array<ArrayBuffer>; targets: Uint32Array<ArrayBuffer> }): Promise<number>;
  close(): void;
}

/** A library on a device of its own, all of one adapter. */
export interface Library {
  readonly name: LibraryName;
  readonly version: string;
  readonly device: GPUDevice;
  /** f32; `sets` are pairs A, B. */
  matmul(size: MatmulSize, sets: readonly (readonly Float32Array<ArrayBuffer>[])[]): Promise<Prepared>;
  /**
   * Causal attention by what the library itself offers for it: forward gives the output [B,T,H,hs], backward and both give
   * dq, dk, dv one after the other. `backward` alone has the forward's results at hand. Undefined where it offers none.
   */
  attention?(
    size: AttentionSize,
    work: AttentionWork,
    sets: readonly AttentionInputs[],
  ): Promise<Prepared | undefined>;
  trainer?(setup: StepSetup): Promise<Trainer>;
}

/** The model of the step section; the same for everyone. */
export interface StepSetup {
  readonly model: ModelConfig;
  readonly batch: number;
  readonly seed: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Gradients are scaled down to this L2 norm where they exceed it. */
  readonly clipNorm: number;
}

/** Wall times of one thing, in ms. */
export interface Timing {
  readonly medianMs: number;
  readonly p10Ms: number;
  readonly p90Ms: number;
  readonly runs: number;
}

/** One row of a table. */
export interface Row {
  readonly op: string;
  readonly shape: string;
  readonly dtype: 'f32';
  readonly ours: Timing;
  readonly gflops?: number;
  readonly gbps?: number;
  /** Of the roofline measured in this run: of FMA for `gflops`, of copy for `gbps`. */
  readonly share?: number;
  readonly peers: Readonly<Partial<Record<PeerName, PeerCell>>>;
}

export interface PeerCell extends Timing {
  readonly gflops?: number;
  /** Its time over ours, the median over paired runs: above 1 where ours is faster. */
  readonly ratio: number;
  /** Relative L2 between its result and ours. */
  readonly difference: number;
}

export interface Roofline {
  readonly copyGBs: number;
  readonly fmaGflops: number;
}

export interface CompressionRow extends Row {
  readonly parameters: number;
}

export interface StepCell extends Timing {
  readonly dispatches: number;
  readonly submits: number;
  /** Most bytes of GPU buffers alive at once during training. */
  readonly bufferBytes: number;
  readonly losses: readonly number[];
}

export interface StepResult {
  readonly setup: StepSetup;
  readonly parameters: number;
  readonly oursMs: number;
  readonly dispatches: number;
  readonly submits: number;
  readonly bufferBytes: number;
  readonly ours: StepCell;
  readonly peers: Readonly<Partial<Record<PeerName, StepCell>>>;
  readonly ratio: Readonly<Partial<Record<PeerName, number>>>;
  /** Ours alone on the preset `small`, batch 1, T 1024, as bench/torch_baseline.py has it; where there is a real GPU. */
  readonly small?: StepCell;
  /** Ours alone in mixed precision, where there is f16. */
  readonly mixed?: StepCell;
}

/** What the page or the Node host measured. Sections not asked for are absent. */
export interface Measured {
  readonly adapter: string;
  readonly software: boolean;
  readonly versions: Readonly<Partial<Record<LibraryName, string>>>;
  readonly roofline: Roofline;
  readonly matmul?: {
    readonly rows: readonly Row[];
    /** Over the five shapes that peers run. */
    readonly geomeanRatio: Readonly<Partial<Record<PeerName, number>>>;
  };
  readonly attention?: readonly Row[];
  readonly compression?: {
    readonly ms: number;
    readonly shareOfCopy: number;
    readonly rows: readonly CompressionRow[];
  };
  readonly apply?: {
    readonly ms: number;
    readonly shareOfCopy: number;
    readonly rows: readonly CompressionRow[];
  };
  readonly step?: StepResult;
}

/** What the command asks of the page. */
export interface Request {
  readonly peers: readonly PeerName[];
  readonly sections: readonly SectionName[];
  readonly runs: number;
}
