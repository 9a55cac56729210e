import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import { slice, type Tensor } from '../gpu/tensor.ts';
import { crossEntropy, crossEntropyOfParts } from '../kernels/cross-entropy.ts';
import { linear, linearBackward } from './block.ts';
import type { PassTensors } from './pass-memory.ts';
import type { GradientScale } from './precision.ts';

/** The dispatches of the head, for some of the rows of a pass. */
export interface HeadChunk {
  /** lastNormed -> logits. */
  readonly forward: readonly Dispatch[];
  /** logits, targets -> losses; the logits stay. */
  readonly losses: readonly Dispatch[];
  /** logits, targets -> losses; logits become their own gradients, and the head's and `dRows` come of them. */
  readonly train: readonly Dispatch[];
}

/**
 * Logits, losses and their gradients, as many rows at a time as `tensors.logits` hold, and a dispatch of each kind for every
 * part of the head. `head` is [V_p,d] a part, `gradient` the same and added to, `dRows` [N,d] the gradient of lastNormed, `scale.up`
 * times that of a row's own loss.
 */
export function headChunks(
  gpu: Gpu,
  tensors: PassTensors<Tensor>,
  head: readonly Tensor[],
  backward:
    | { readonly gradient: readonly Tensor[]; readonly dRows: Tensor; readonly scale: GradientScale }
    | undefined,
): HeadChunk[] {
  const { lastNormed, targets, losses, logits, peaks } = tensors;
  const [total, width] = lastNormed.shape;
  const [most] = logits[0].shape;
  const chunks: HeadChunk[] = [];
  for (let start = 0; start < total; start += most) {
    const rows = Math.min(most, total - start);
    const here = (tensor: Tensor, columns: number): Tensor =>
      total === rows ? tensor : slice(tensor, start * columns, columns === 1 ? [rows] : [rows, columns]);
    const x = here(lastNormed, width);
    const parts = logits.map((part) => slice(part, 0, [rows, part.shape[1]]));
    const lossOf = (gradient: boolean): Dispatch[] => {
      const scale = backward?.scale.up ?? 1;
      const options = { targets: here(targets, 1), losses: here(losses, 1), gradient, scale };
      if (parts.length === 1) return [crossEntropy(gpu, { ...options, logits: parts[0] })];
      invariant(peaks !== undefined, 'peaks where the head has parts');
      return crossEntropyOfParts(gpu, { ...options, parts, peaks: slice(peaks, 0, [rows, 2]) });
    };
    const gradients =
      backward === undefined
        ? []
        : parts.flatMap((dOut, part) =>
            linearBackward(
              gpu,
              {
                ...{ x, w: head[part], dOut, dX: here(backward.dRows, width) },
                ...{ dW: backward.gradient[part], scale: backward.scale.down },
              },
              { accumulate: part > 0 },
            ),
          );
    chunks.push({
      forward: parts.map((part, index) => linear(gpu, x, head[index], part)),
      losses: lossOf(false),
      train: backward === undefined ? [] : [...lossOf(true), ...gradients],
    });
  }
  return chunks;
}
