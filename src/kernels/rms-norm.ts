import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, type Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { lanesFor, type Lanes } from './lanes.ts';
import { valueCode } from './element-wise.ts';
import { bitsOf, storedCode } from './stored.ts';
import code from '../../shaders/rms-norm.wgsl?raw';

/** Added to the mean square before the root, as Llama does. */
export const rmsEpsilon = 1e-5;

/**
 * Root mean square normalisation (Zhang and Sennrich 2019, equation 4): out = x * rstd * gain with
 * rstd = 1 / sqrt(mean(x^2) + rmsEpsilon), a row at a time: x and out [N, d], each f32 or f16, gain f32 [d], rstd f32 [N].
 * A tensor that is written shares no buffer with one that is read. `lanes` is a tile size.
 */
export function rmsNorm(
  gpu: Gpu,
  tensors: { x: Tensor; gain: Tensor; out: Tensor; rstd: Tensor },
  lanes: Lanes = lanesFor(gpu),
): Dispatch {
  const { x, gain, out, rstd } = tensors;
  const { source, rowGroups } = arrange('rmsNorm', rstd, gain, { X: x, Out: out, DOut: out, DX: out }, lanes);
  return gpu.kernels.bind(
    { ...source, name: 'rms-norm', entry: 'forward', bindings: ['read', 'read', 'write', 'write'] },
    [x, gain, out, rstd],
    foldGroups(rowGroups),
  );
}

/**
 * The gradients of rmsNorm, in one dispatch, from x [N, d], gain [d], the forward pass's rstd [N] and dOut [N, d]: dGain
 * [d], `scale` times it added to what is there, and dX [N, d], added too unless `accumulate` is false. x, dOut and dX are each f32
 * or f16, the others f32. A tensor that is written shares no buffer with another. `lanes` is a tile size.
 */
export function rmsNormBackward(
  gpu: Gpu,
  tensors: { x: Tensor; gain: Tensor; rstd: Tensor; dOut: Tensor; dX: Tensor; dGain: Tensor },
  {
    lanes = lanesFor(gpu),
    accumulate = true,
    scale = 1,
  }: { lanes?: Lanes; accumulate?: boolean; scale?: number } = {},
): Dispatch {
  const { x, gain, rstd, dOut, dX, dGain } = tensors;
  invariant(dGain.length === gain.length, `rmsNormBackward: ${dGain.label} is as long as the gain`);
  const { source, rowGroups, width } = arrange(
    'rmsNormBackward',
    rstd,
    gain,
    { X: x, Out: dX, DOut: dOut, DX: dX },
    lanes,
  );
  return gpu.kernels.bind(
    {
      ...source,
      name: 'rms-norm-backward',
      entry: 'backward',
      bindings: ['read', 'read', 'read', 'read', 'write', 'write'],
      sizes: { ...source.sizes, ADD: accumulate ? 1 : 0, SCALE: bitsOf(scale) },
    },
    [x, gain, rstd, dOut, dX, dGain],
    foldGroups(Math.ceil((width * lanes) / 64) + rowGroups),
  );
}

/** The shader's variant for rows [N, d] by their names there, of either pass, and how many workgroups they take; `width` counts Values. */
function arrange(
  name: string,
  rstd: Tensor,
  gain: Tensor,
  wide: Readonly<Record<string, Tensor>>,
  lanes: Lanes,
) {
  const rows = rstd.length;
  invariant(rows > 0 && gain.length > 0, `${name}: at least one row and one column`);
  for (const { label, length } of Object.values(wide)) {
    invariant(
      length === rows * gain.length,
      `${name}: ${label} has ${length} elements, not ${rows} x ${gain.length}`,
    );
  }
  const { prefix, perValue } = valueCode(gain.length);
  const width = gain.length / perValue;
  const stored = storedCode(wide, perValue);
  const relativeL2 = Object.values(stored.types).includes('f16') ? 1e-3 : 1e-5;
  const source = {
    code: `${prefix}${stored.prefix}const EPSILON = ${rmsEpsilon};\n${code}`,
    types: stored.types,
    uniforms: false,
    sizes: { PER: perValue, ROWS: rows, WIDTH: width, LANES: lanes, ADD: 0, SCALE: bitsOf(1) },
    promise: { kind: 'close', relativeL2 },
  } as const;
  return { source, rowGroups: Math.ceil((rows * lanes) / 64), width };
}
