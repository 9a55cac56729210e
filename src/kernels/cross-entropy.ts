import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { f32, foldGroups, u32, type Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { lanesFor, type Lanes } from './lanes.ts';
import code from '../../shaders/cross-entropy.wgsl?raw';

/**
 * Softmax cross-entropy: losses [N] f32 in nats, from logits [N, V] f32 and targets [N] u32. With `gradient`, logits are
 * overwritten by (softmax - onehot) * scale; without, they stay. A row whose target is V or more has loss and gradient 0.
 * The three tensors share no buffer, save logits with losses. `lanes` is a tile size.
 */
export function crossEntropy(
  gpu: Gpu,
  options: { logits: Tensor; targets: Tensor; losses: Tensor; gradient: boolean; scale: number },
  lanes: Lanes = lanesFor(gpu),
): Dispatch {
  const { logits, targets, losses, gradient, scale } = options;
  const rows = losses.length;
  const vocabulary = logits.shape.at(-1) ?? 0;
  invariant(rows > 0 && logits.length > 0, 'crossEntropy: at least one row and one logit');
  invariant(targets.dtype === 'u32' && targets.length === rows, `crossEntropy: ${rows} u32 targets`);
  invariant(
    logits.length === rows * vocabulary,
    `crossEntropy: logits [${logits.shape.join()}] are not [${rows}, V]`,
  );
  return gpu.kernels.bind(
    {
      name: 'cross-entropy',
      code,
      entry: 'cross_entropy',
      bindings: ['write', 'read', 'write'],
      uniforms: true,
      sizes: { GRADIENT: gradient ? 1 : 0, LANES: lanes },
      promise: { kind: 'close', relativeL2: 1e-5 },
    },
    [logits, targets, losses],
    foldGroups(Math.ceil((rows * lanes) / 64)),
    [u32(rows), u32(vocabulary), f32(scale)],
  );
}
