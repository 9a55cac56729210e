import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { f32, type Dispatch, type Word } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { elementWise } from './element-wise.ts';
import code from '../../shaders/adam-w.wgsl?raw';

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/**
 * One step of AdamW (Loshchilov and Hutter 2019, algorithm 2; decay scaled by the learning rate as torch.optim.AdamW
 * does) on `parameter`, with its running means `m` and `v`, all f32 of one length. The gradient is multiplied by norm[1],
 * the multiplier that gradientNorm writes. `gradient` and `norm` share no buffer with the tensors written.
 * `setStep(step, learningRate)` comes before every submit; `step` is 1 for the first. Until it is called, a submit moves
 * only `m` and `v`: the learning rate is 0.
 */
export function adamW(
  gpu: Gpu,
  tensors: { parameter: Tensor; gradient: Tensor; m: Tensor; v: Tensor; norm: Tensor },
  options: AdamWOptions,
): { dispatch: Dispatch; setStep: (step: number, learningRate: number) => void } {
  const { parameter, gradient, m, v, norm } = tensors;
  const { beta1, beta2, epsilon, weightDecay } = options;
  for (const { label, length } of [gradient, m, v]) {
    invariant(length === parameter.length, `adamW: ${label} is not as long as ${parameter.label}`);
  }
  invariant(norm.length === 2, 'adamW: norm is [2]');
  const words = (step: number, learningRate: number): Word[] => {
    invariant(Number.isInteger(step) && step >= 1, `adamW: step ${step} is not 1 or more`);
    return [
      f32(beta1),
      f32(1 - beta1),
      f32(beta2),
      f32(1 - beta2),
      f32(1 - learningRate * weightDecay),
      f32(learningRate / (1 - beta1 ** step)),
      f32(Math.sqrt(1 - beta2 ** step)),
      f32(epsilon),
    ];
  };
  const { source, groups } = elementWise(code, parameter.length);
  const dispatch = gpu.kernels.bind(
    {
      ...source,
      name: 'adam-w',
      entry: 'adam_w',
      bindings: ['read', 'read', 'write', 'write', 'write'],
      uniforms: true,
      promise: { kind: 'close', relativeL2: 1e-5 },
    },
    [gradient, norm, parameter, m, v],
    groups,
    words(1, 0),
  );
  return {
    dispatch,
    setStep: (step, learningRate) => {
      dispatch.setUniforms(words(step, learningRate));
    },
  };
}
