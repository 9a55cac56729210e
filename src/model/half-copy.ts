import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { toHalves } from '../kernels/to-halves.ts';
import type { ModelConfig } from './config.ts';
import { allocatePages, type Page } from './pages.ts';
import type { ParameterLayout } from './parameters.ts';
import type { Precision } from './precision.ts';
import { weightsOf, type Weights } from './transformer.ts';

/** What passes read the parameters from. */
export interface ReadWeights {
  readonly weights: Weights;
  /** To run whenever the parameters have changed: one a page, or none. */
  readonly refresh: readonly Dispatch[];
  readonly owned: readonly Tensor[];
}

/**
 * The parameters for passes of a precision to read: as they are, or, in `mixed`, the matrices of products from an f16 copy of
 * all pages; embedding and gains as they are. Throws if the device has no `shader-f16` for that.
 */
export function readWeights(
  gpu: Gpu,
  config: ModelConfig,
  layout: ParameterLayout,
  master: { readonly pages: readonly Page[]; readonly tensors: readonly Tensor[] },
  { precision = 'f32', most }: { readonly precision?: Precision; readonly most?: number },
): ReadWeights {
  const { pages, tensors } = master;
  if (precision === 'f32') return { weights: weightsOf(config, layout, tensors), refresh: [], owned: [] };
  invariant(gpu.device.features.has('shader-f16'), 'mixed precision where the device has shader-f16');
  const copy = allocatePages(gpu, layout, 'halves', most, 'f16');
  const read = layout.specs.map(({ name, kind }, index) =>
    kind === 'gains' || name.startsWith('embedding') ? tensors[index] : copy.tensors[index],
  );
  return {
    weights: weightsOf(config, layout, read),
    refresh: copy.pages.map(({ values: out }, index) => toHalves(gpu, { x: pages[index].values, out })),
    owned: copy.pages.map(({ values }) => values),
  };
}
