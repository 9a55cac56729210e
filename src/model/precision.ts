/**
 * What gradients are computed in. `f32`: everything. `mixed`: products and attention read and write f16, from a copy of the
 * matrices that is rounded anew when they change; the matrices themselves, their gradients, the residual stream and its gradient,
 * statistics of norms, the embedding and losses stay f32, and so does everything replicated. Sums are f32 either way.
 */
export type Precision = 'f32' | 'mixed';

/** How large gradients are on their way through the model, and what brings them back where parameters gather them. */
export interface GradientScale {
  /** The logits' gradient is this times that of a row's own loss. */
  readonly up: number;
  /** Gradients of parameters are this times what comes of that: those of the mean loss. */
  readonly down: number;
}

/** A power of two, so that scaling rounds nothing. ADR 0013 says why one that never changes is enough. */
const mixedScale = 256;

/** `rows` is the number of rows of a pass, over which the loss is a mean. */
export const gradientScale = (precision: Precision, rows: number): GradientScale =>
  precision === 'mixed' ? { up: mixedScale, down: 1 / (mixedScale * rows) } : { up: 1 / rows, down: 1 };
