import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { type Dispatch, type KernelPromise } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { elementWise } from './element-wise.ts';
import code from '../../shaders/residual-add.wgsl?raw';

const promise: KernelPromise = { kind: 'close', relativeL2: 2e-7 };

/** out = x + y, element by element. f32, any one shape. `out` shares no buffer with x or y. */
export function residualAdd(gpu: Gpu, tensors: { x: Tensor; y: Tensor; out: Tensor }): Dispatch {
  const { x, y, out } = tensors;
  invariant(x.length === y.length && x.length === out.length, 'residualAdd: three tensors of one length');
  invariant(out.buffer !== x.buffer && out.buffer !== y.buffer, 'residualAdd: out has its own buffer');
  const { source, groups } = elementWise(code, out.length);
  return gpu.kernels.bind(
    {
      ...source,
      name: 'residual-add',
      entry: 'add',
      bindings: ['read', 'read', 'write'],
      uniforms: false,
      promise,
    },
    [y, x, out],
    groups,
  );
}

/** target += y, element by element. f32, any one shape. The two tensors share no buffer. */
export function addInto(gpu: Gpu, tensors: { target: Tensor; y: Tensor }): Dispatch {
  const { target, y } = tensors;
  invariant(target.length === y.length, 'addInto: two tensors of one length');
  invariant(target.buffer !== y.buffer, 'addInto: the target has its own buffer');
  const { source, groups } = elementWise(code, target.length);
  return gpu.kernels.bind(
    { ...source, name: 'add-into', entry: 'add_into', bindings: ['read', 'write'], uniforms: false, promise },
    [y, target],
    groups,
  );
}
