import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { f32, foldGroups, u32, type Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { valueCode } from './element-wise.ts';
import { lanesFor, type Lanes } from './lanes.ts';
import { storedCode } from './stored.ts';
import code from '../../shaders/cross-entropy.wgsl?raw';

interface CrossEntropyOptions {
  readonly targets: Tensor;
  readonly losses: Tensor;
  readonly gradient: boolean;
  readonly scale: number;
}

/**
 * Softmax cross-entropy: losses [N] f32 in nats, from logits [N, V] f32 or f16 and targets [N] u32. With `gradient`, logits
 * are overwritten by (softmax - onehot) * scale; without, they stay. A row whose target is V or more has loss and gradient 0.
 * The three tensors share no buffer, save logits with losses. `lanes` is a tile size.
 */
export function crossEntropy(
  gpu: Gpu,
  options: CrossEntropyOptions & { readonly logits: Tensor },
  lanes: Lanes = lanesFor(gpu),
): Dispatch {
  const { logits, targets, losses } = options;
  const bind = binder(gpu, options, logits.shape.at(-1) ?? 0, lanes);
  return bind('cross_entropy', logits, 0, [logits, targets, losses]);
}

/**
 * The same where the columns of the logits lie in several tensors, [N, V_p] in order: a vocabulary too large for one
 * binding. `peaks` is f32 [N, 2], scratch. Two dispatches a part with `gradient`, else one and one more.
 */
export function crossEntropyOfParts(
  gpu: Gpu,
  options: CrossEntropyOptions & { readonly parts: readonly Tensor[]; readonly peaks: Tensor },
  lanes: Lanes = lanesFor(gpu),
): Dispatch[] {
  const { parts, peaks, targets, losses, gradient } = options;
  invariant(peaks.length === 2 * losses.length, `crossEntropyOfParts: peaks are [${losses.length}, 2]`);
  const widths = parts.map(({ shape }) => shape.at(-1) ?? 0);
  const bind = binder(
    gpu,
    options,
    widths.reduce((sum, width) => sum + width, 0),
    lanes,
  );
  const all = (entry: 'gather' | 'spread'): Dispatch[] => {
    let first = 0;
    return parts.map((part, index) => {
      const dispatch = bind(entry, part, first, [part, targets, losses, peaks]);
      first += widths[index];
      return dispatch;
    });
  };
  return [...all('gather'), ...all('spread').slice(gradient ? 0 : -1)];
}

function binder(
  gpu: Gpu,
  { targets, losses, gradient, scale }: CrossEntropyOptions,
  vocabulary: number,
  lanes: Lanes,
) {
  const rows = losses.length;
  invariant(rows > 0 && vocabulary > 0, 'crossEntropy: at least one row and one logit');
  invariant(targets.dtype === 'u32' && targets.length === rows, `crossEntropy: ${rows} u32 targets`);
  return (
    entry: 'cross_entropy' | 'gather' | 'spread',
    logits: Tensor,
    first: number,
    tensors: readonly Tensor[],
  ): Dispatch => {
    const columns = logits.shape.at(-1) ?? 0;
    invariant(
      columns > 0 && logits.length === rows * columns,
      `crossEntropy: logits [${logits.shape.join()}] are not [${rows}, V]`,
    );
    const { prefix, perValue } = valueCode(columns);
    const stored = storedCode({ Logits: logits }, perValue);
    return gpu.kernels.bind(
      {
        name: 'cross-entropy',
        code: prefix + stored.prefix + code,
        types: stored.types,
        entry,
        bindings: (['write', 'read', 'write', 'write'] as const).slice(0, tensors.length),
        uniforms: true,
        sizes: {
          ...{ PER: perValue, GRADIENT: gradient ? 1 : 0, LANES: lanes },
          KEEP: gradient && logits.dtype === 'f32' ? 1 : 0,
        },
        promise: { kind: 'close', relativeL2: logits.dtype === 'f16' ? 1e-3 : 1e-5 },
      },
      tensors,
      foldGroups(Math.ceil((rows * lanes) / 64)),
      [u32(rows), u32(columns / perValue), f32(scale), u32(first), u32(vocabulary)],
    );
  };
}
