import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, u32, type Dispatch, type KernelPromise, type Word } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import code from '../../shaders/swiglu.wgsl?raw';

const promise: KernelPromise = { kind: 'close', relativeL2: 1e-5 };

/**
 * SwiGLU (Shazeer 2020, equation 6, without its projections): out [N, h] = silu(gate) * up, from gateUp [N, 2h] whose
 * rows are h gates and then h ups. f32. The two tensors share no buffer.
 */
export function swiglu(gpu: Gpu, tensors: { gateUp: Tensor; out: Tensor }): Dispatch {
  const { gateUp, out } = tensors;
  const words = sizesOf('swiglu', gateUp, out);
  return gpu.kernels.bind(
    { name: 'swiglu', code, entry: 'forward', bindings: ['read', 'write'], uniforms: true, promise },
    [gateUp, out],
    foldGroups(Math.ceil(out.length / 64)),
    words,
  );
}

/**
 * The gradient of swiglu, written over dGateUp [N, 2h], from gateUp [N, 2h] and dOut [N, h]. f32. dGateUp shares no
 * buffer with the others.
 */
export function swigluBackward(
  gpu: Gpu,
  tensors: { gateUp: Tensor; dOut: Tensor; dGateUp: Tensor },
): Dispatch {
  const { gateUp, dOut, dGateUp } = tensors;
  const words = sizesOf('swigluBackward', gateUp, dOut);
  invariant(dGateUp.length === gateUp.length, `swigluBackward: ${dGateUp.label} is as long as gateUp`);
  return gpu.kernels.bind(
    {
      name: 'swiglu-backward',
      code,
      entry: 'backward',
      bindings: ['read', 'read', 'write'],
      uniforms: true,
      promise,
    },
    [gateUp, dOut, dGateUp],
    foldGroups(Math.ceil(dOut.length / 64)),
    words,
  );
}

/** The uniform words, with h taken from the last dimension of the [N, h] tensor. */
function sizesOf(name: string, gateUp: Tensor, narrow: Tensor): Word[] {
  const hidden = narrow.shape.at(-1) ?? 0;
  invariant(narrow.length > 0, `${name}: at least one element`);
  invariant(
    gateUp.shape.at(-1) === 2 * hidden && gateUp.length === 2 * narrow.length,
    `${name}: [${gateUp.shape.join()}] is not [N, 2h] for [N, h] = [${narrow.shape.join()}]`,
  );
  return [u32(narrow.length), u32(hidden)];
}
