import type { GradientSource, TrainableTensor } from '../compression/dct-top-k.ts';

export type { TrainableTensor };

/**
 * What a strategy needs of a replica: its tensors in the order of their offsets, each with values and this round's
 * accumulated gradient (f32 [rows, cols]); `norm`, f32 [2], whose element 1 is the factor every reader of gradients applies
 * (averaging and clipping); and the dispatches that fill it. The replica clears its gradients when a round begins.
 */
export type Trainable = GradientSource;
