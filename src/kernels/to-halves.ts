import code from '../../shaders/to-halves.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { elementWise } from './element-wise.ts';
import { storedCode } from './stored.ts';

/**
 * out = x rounded to f16, element by element: x f32 and out f16 of one length, which share no buffer. What is too large for f16
 * becomes its largest, 65504. Relative L2 to float64 <= 1e-3. Needs `shader-f16`. Throws if a length or dtype does not fit.
 */
export function toHalves(gpu: Gpu, { x, out }: { readonly x: Tensor; readonly out: Tensor }): Dispatch {
  invariant(x.length === out.length && x.length > 0, 'to-halves: two tensors of one length');
  invariant(x.dtype === 'f32' && out.dtype === 'f16', 'to-halves: from f32 to f16');
  const { source, groups, perInvocation } = elementWise(code, x.length);
  const { types, prefix } = storedCode({ Out: out }, perInvocation);
  return gpu.kernels.bind(
    {
      name: 'to-halves',
      code: prefix + source.code,
      types,
      sizes: { ...source.sizes, COUNT: x.length / perInvocation },
      entry: 'convert',
      bindings: ['read', 'write'],
      uniforms: false,
      promise: { kind: 'close', relativeL2: 1e-3 },
    },
    [x, out],
    groups,
  );
}
