import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { f32, u32, type Dispatch, type KernelPromise, type Word } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { valueCode } from './element-wise.ts';
import code from '../../shaders/gradient-norm.wgsl?raw';

/** The most invocations, and so partial sums, that one gradient tensor takes. A multiple of 64. */
export const partialsPerTensor = 4096;

const lanes = 64; // invocations a workgroup
const elementsPerLane = 64; // at least, where the tensor has them
const promise: KernelPromise = { kind: 'close', relativeL2: 1e-5 };

/**
 * The L2 norm of all gradients together, and the multiplier that averages and clips them:
 * norm[0] = ||gradients||_2 / divisor, norm[1] = min(1, maxNorm / (norm[0] + 1e-6)) / divisor
 * (torch.nn.utils.clip_grad_norm_ after averaging). `gradients` are f32 of any shape and hold sums; `partials` is f32
 * scratch of at least gradients.length * partialsPerTensor; `norm` is f32 [2].
 * `setDivisor` changes what later submits divide by, without binding anew.
 */
export function gradientNorm(
  gpu: Gpu,
  tensors: { gradients: readonly Tensor[]; partials: Tensor; norm: Tensor },
  options: { maxNorm: number; divisor: number },
): { dispatches: Dispatch[]; setDivisor: (divisor: number) => void } {
  const { gradients, partials, norm } = tensors;
  const { maxNorm } = options;
  invariant(gradients.length > 0, 'gradientNorm: at least one gradient');
  invariant(maxNorm > 0, 'gradientNorm: a positive maxNorm');
  invariant(norm.length === 2, 'gradientNorm: norm is [2]');
  invariant(
    partials.length >= gradients.length * partialsPerTensor,
    `gradientNorm: partials hold ${gradients.length} x ${partialsPerTensor}`,
  );
  let offset = 0;
  const dispatches = gradients.map((gradient) => {
    const wanted = Math.ceil(gradient.length / (lanes * elementsPerLane));
    const groups = Math.max(1, Math.min(partialsPerTensor / lanes, wanted));
    const { prefix, perValue } = valueCode(gradient.length);
    const words = [u32(gradient.length / perValue), u32(offset), u32(groups * lanes)];
    offset += groups * lanes;
    return gpu.kernels.bind(
      {
        name: 'gradient-square-sums',
        code: prefix + code,
        entry: 'square_sums',
        bindings: ['read', 'write'],
        uniforms: true,
        sizes: { PER: perValue }, // sets the variants apart in the cache
        promise,
      },
      [gradient, partials],
      [groups, 1, 1],
      words,
    );
  });
  const count = offset;
  const clipWords = (divisor: number): Word[] => {
    invariant(divisor > 0 && Number.isFinite(divisor), 'gradientNorm: a positive divisor');
    return [u32(count), f32(maxNorm), f32(divisor)];
  };
  const finish = gpu.kernels.bind(
    {
      name: 'gradient-norm',
      code: valueCode(1).prefix + code,
      entry: 'finish',
      bindings: ['read', 'write'],
      uniforms: true,
      promise,
    },
    [partials, norm],
    [1, 1, 1],
    clipWords(options.divisor),
  );
  return {
    dispatches: [...dispatches, finish],
    setDivisor: (divisor) => {
      finish.setUniforms(clipWords(divisor));
    },
  };
}
