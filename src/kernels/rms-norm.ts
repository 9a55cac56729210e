import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { f32, foldGroups, u32, type Dispatch, type KernelPromise } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { lanesFor, type Lanes } from './lanes.ts';
import code from '../../shaders/rms-norm.wgsl?raw';

/** Added to the mean square before the root, as Llama does. */
export const rmsEpsilon = 1e-5;

const promise: KernelPromise = { kind: 'close', relativeL2: 1e-5 };
const columnsPerGroup = 16; // COLUMNS in the shader

/**
 * Root mean square normalisation (Zhang and Sennrich 2019, equation 4): out = x * rstd * gain with
 * rstd = 1 / sqrt(mean(x^2) + rmsEpsilon), a row at a time. All f32: x and out [N, d], gain [d], rstd [N].
 * A tensor that is written shares no buffer with one that is read. `lanes` is a tile size.
 */
export function rmsNorm(
  gpu: Gpu,
  tensors: { x: Tensor; gain: Tensor; out: Tensor; rstd: Tensor },
  lanes: Lanes = lanesFor(gpu),
): Dispatch {
  const { x, gain, out, rstd } = tensors;
  const rows = rstd.length;
  const width = gain.length;
  invariant(rows > 0 && width > 0, 'rmsNorm: at least one row and one column');
  for (const { label, length } of [x, out]) {
    invariant(length === rows * width, `rmsNorm: ${label} has ${length} elements, not ${rows} x ${width}`);
  }
  return gpu.kernels.bind(
    {
      name: 'rms-norm',
      code,
      entry: 'forward',
      bindings: ['read', 'read', 'write', 'write'],
      uniforms: true,
      sizes: { LANES: lanes },
      promise,
    },
    [x, gain, out, rstd],
    foldGroups(Math.ceil((rows * lanes) / 64)),
    [u32(rows), u32(width), f32(rmsEpsilon)],
  );
}

/**
 * The gradients of rmsNorm, both added to what is there: dX [N, d] and dGain [d], from x [N, d], gain [d], the forward
 * pass's rstd [N] and dOut [N, d]. All f32. A tensor that is written shares no buffer with one that is read. `lanes` is a
 * tile size.
 */
export function rmsNormBackward(
  gpu: Gpu,
  tensors: { x: Tensor; gain: Tensor; rstd: Tensor; dOut: Tensor; dX: Tensor; dGain: Tensor },
  lanes: Lanes = lanesFor(gpu),
): Dispatch[] {
  const { x, gain, rstd, dOut, dX, dGain } = tensors;
  const rows = rstd.length;
  const width = gain.length;
  invariant(rows > 0 && width > 0, 'rmsNormBackward: at least one row and one column');
  invariant(dGain.length === width, `rmsNormBackward: ${dGain.label} is as long as the gain`);
  for (const { label, length } of [x, dOut, dX]) {
    invariant(length === rows * width, `rmsNormBackward: ${label} is not ${rows} x ${width}`);
  }
  const words = [u32(rows), u32(width), f32(rmsEpsilon)];
  return [
    gpu.kernels.bind(
      {
        name: 'rms-norm-backward-x',
        code,
        entry: 'backward_x',
        bindings: ['read', 'read', 'read', 'read', 'write'],
        uniforms: true,
        sizes: { LANES: lanes },
        promise,
      },
      [x, gain, rstd, dOut, dX],
      foldGroups(Math.ceil((rows * lanes) / 64)),
      words,
    ),
    gpu.kernels.bind(
      {
        name: 'rms-norm-backward-gain',
        code,
        entry: 'backward_gain',
        bindings: ['read', 'write', 'read', 'read'],
        uniforms: true,
        sizes: { LANES: lanes },
        promise,
      },
      [x, dGain, rstd, dOut],
      foldGroups(Math.ceil(width / columnsPerGroup)),
      words,
    ),
  ];
}
