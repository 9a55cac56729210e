import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { u32, type Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { elementWise } from './element-wise.ts';
import { storedCode } from './stored.ts';
import code from '../../shaders/swiglu.wgsl?raw';

/**
 * SwiGLU (Shazeer 2020, equation 6, without its projections): out [N, h] = silu(gate) * up, from gateUp [N, 2h] whose
 * rows are h gates and then h ups. Each f32 or f16. The two tensors share no buffer.
 */
export function swiglu(gpu: Gpu, tensors: { gateUp: Tensor; out: Tensor }): Dispatch {
  const { gateUp, out } = tensors;
  const { source, groups, words } = arrange('swiglu', gateUp, out);
  return gpu.kernels.bind(
    { ...source, name: 'swiglu', entry: 'forward', bindings: ['read', 'write'], uniforms: true },
    [gateUp, out],
    groups,
    words,
  );
}

/**
 * The gradient of swiglu, written over dGateUp [N, 2h], from gateUp [N, 2h] and dOut [N, h]. Each f32 or f16, gateUp and
 * dGateUp alike. dGateUp shares no buffer with the others.
 */
export function swigluBackward(
  gpu: Gpu,
  tensors: { gateUp: Tensor; dOut: Tensor; dGateUp: Tensor },
): Dispatch {
  const { gateUp, dOut, dGateUp } = tensors;
  const { source, groups, words } = arrange('swigluBackward', gateUp, dOut);
  invariant(
    dGateUp.length === gateUp.length && dGateUp.dtype === gateUp.dtype,
    `swigluBackward: ${dGateUp.label} is as gateUp`,
  );
  return gpu.kernels.bind(
    {
      ...source,
      name: 'swiglu-backward',
      entry: 'backward',
      bindings: ['read', 'read', 'write'],
      uniforms: true,
    },
    [gateUp, dOut, dGateUp],
    groups,
    words,
  );
}

/** The shader's variant, grid and sizes, with h taken from the last dimension of the [N, h] tensor. */
function arrange(name: string, gateUp: Tensor, narrow: Tensor) {
  const hidden = narrow.shape.at(-1) ?? 0;
  invariant(narrow.length > 0, `${name}: at least one element`);
  invariant(
    gateUp.shape.at(-1) === 2 * hidden && gateUp.length === 2 * narrow.length,
    `${name}: [${gateUp.shape.join()}] is not [N, 2h] for [N, h] = [${narrow.shape.join()}]`,
  );
  const { source, groups, perInvocation } = elementWise(code, narrow.length, hidden);
  const { types, prefix } = storedCode({ Wide: gateUp, Narrow: narrow }, perInvocation);
  const relativeL2 = [gateUp, narrow].some(({ dtype }) => dtype === 'f16') ? 1e-3 : 1e-5;
  const typed = {
    ...source,
    code: prefix + source.code,
    types,
    promise: { kind: 'close', relativeL2 },
  } as const;
  return { source: typed, groups, words: [u32(narrow.length / perInvocation), u32(hidden / perInvocation)] };
}
