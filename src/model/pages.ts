import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { slice, type Tensor } from '../gpu/tensor.ts';
import { mostElementsBound } from './config.ts';
import type { ParameterLayout } from './parameters.ts';

/** A run of whole tensors of a layout in one buffer. `offset` counts elements of the layout before it. */
export interface PageSpan {
  readonly offset: number;
  readonly length: number;
}

/** A page on the GPU: f32, or f16 where asked for, [length] of the layout from `offset` on. */
export interface Page {
  readonly values: Tensor;
  readonly offset: number;
}

/**
 * Cuts a layout into as few runs of whole tensors as fit `most` elements each, so that what treats every element alike
 * (norm, optimizer, digest) is a dispatch a page and not one a tensor.
 */
export function pageSpans(layout: ParameterLayout, most = mostElementsBound): PageSpan[] {
  const spans: { offset: number; length: number }[] = [];
  for (const { name, rows, cols, offset } of layout.specs) {
    const length = rows * cols;
    invariant(length <= most, `${name} fits a page`);
    const last = spans.at(-1);
    if (last !== undefined && last.length + length <= most) last.length += length;
    else spans.push({ offset, length });
  }
  return spans;
}

/** Zeroed pages for a value of every parameter, and in them, by layout order, each tensor as [rows, cols]. */
export function allocatePages(
  gpu: Gpu,
  layout: ParameterLayout,
  label: string,
  most = mostElementsBound,
  dtype: 'f32' | 'f16' = 'f32',
): { pages: Page[]; tensors: Tensor[] } {
  const pages = pageSpans(layout, most).map(({ offset, length }, index) => ({
    values: gpu.tensor([length], dtype, `${label}.${index}`),
    offset,
  }));
  const tensors = layout.specs.map(({ name, rows, cols, offset }) => {
    const page = pages.findLast((candidate) => candidate.offset <= offset);
    invariant(page !== undefined, `a page holds ${name}`);
    return { ...slice(page.values, offset - page.offset, [rows, cols]), label: `${name}.${label}` };
  });
  return { pages, tensors };
}
