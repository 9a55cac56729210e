import type { Batch } from '../data/batch.ts';

/** What a pass reads of a batch: token ids and the ids that follow them, [B*T] each, sequence after sequence. */
export type TokenBatch = Pick<Batch, 'ids' | 'targets'>;
