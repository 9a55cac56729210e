import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, type Dispatch, type KernelPromise } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { lanesFor, type Lanes } from './lanes.ts';
import { valueCode } from './element-wise.ts';
import code from '../../shaders/rms-norm.wgsl?raw';

/** Added to the mean square before the root, as Llama does. */
export const rmsEpsilon = 1e-5;

const promise: KernelPromise = { kind: 'close', relativeL2: 1e-5 };

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
  const { source, rowGroups } = arrange('rmsNorm', rstd, gain, [x, out], lanes);
  return gpu.kernels.bind(
    { ...source, name: 'rms-norm', entry: 'forward', bindings: ['read', 'read', 'write', 'write'] },
    [x, gain, out, rstd],
    foldGroups(rowGroups),
  );
}

/**
 * The gradients of rmsNorm, in one dispatch, from x [N, d], gain [d], the forward pass's rstd [N] and dOut [N, d]: dGain
 * [d], added to what is there, and dX [N, d], added too unless `accumulate` is false. All f32. A tensor that is written
 * shares no buffer with another. `lanes` is a tile size.
 */
export function rmsNormBackward(
  gpu: Gpu,
  tensors: { x: Tensor; gain: Tensor; rstd: Tensor; dOut: Tensor; dX: Tensor; dGain: Tensor },
  { lanes = lanesFor(gpu), accumulate = true }: { lanes?: Lanes; accumulate?: boolean } = {},
): Dispatch {
  const { x, gain, rstd, dOut, dX, dGain } = tensors;
  invariant(dGain.length === gain.length, `rmsNormBackward: ${dGain.label} is as long as the gain`);
  const { source, rowGroups, width } = arrange('rmsNormBackward', rstd, gain, [x, dOut, dX], lanes);
  return gpu.kernels.bind(
    {
      ...source,
      name: 'rms-norm-backward',
      entry: 'backward',
      bindings: ['read', 'read', 'read', 'read', 'write', 'write'],
      sizes: { ...source.sizes, ADD: accumulate ? 1 : 0 },
    },
    [x, gain, rstd, dOut, dX, dGain],
    foldGroups(Math.ceil((width * lanes) / 64) + rowGroups),
  );
}

/** The shader's variant for rows [N, d], and how many workgroups the rows take; `width` counts Values. */
function arrange(name: string, rstd: Tensor, gain: Tensor, wide: readonly Tensor[], lanes: Lanes) {
  const rows = rstd.length;
  invariant(rows > 0 && gain.length > 0, `${name}: at least one row and one column`);
  for (const { label, length } of wide) {
    invariant(
      length === rows * gain.length,
      `${name}: ${label} has ${length} elements, not ${rows} x ${gain.length}`,
    );
  }
  const { prefix, perValue } = valueCode(gain.length);
  const width = gain.length / perValue;
  const source = {
    code: `${prefix}const EPSILON = ${rmsEpsilon};\n${code}`,
    uniforms: false,
    sizes: { PER: perValue, ROWS: rows, WIDTH: width, LANES: lanes, ADD: 0 },
    promise,
  };
  return { source, rowGroups: Math.ceil((rows * lanes) / 64), width };
}
