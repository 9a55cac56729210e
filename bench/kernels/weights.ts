import { initialParameters, parameterLayout } from '../../src/model/parameters.ts';
import { rotaryTable } from '../../src/kernels/rotary.ts';
import type { StepSetup } from './types.ts';

/** A tensor for a peer to start with. */
export interface InitialTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
  readonly decays: boolean;
}

/**
 * Our initial weights, one tensor a role: each norm's gain by itself [d], as other libraries' models have them; the gains
 * in the order they are applied, after all matrices [out, in].
 */
export function initialTensors(setup: StepSetup): InitialTensor[] {
  const { width } = setup.model;
  const all = initialParameters(setup.model, setup.seed);
  return parameterLayout(setup.model).specs.flatMap(({ name, kind, rows, cols, offset }): InitialTensor[] => {
    const values = all.slice(offset, offset + rows * cols);
    if (kind === 'matrix') return [{ name, shape: [rows, cols], values, decays: true }];
    return Array.from({ length: cols / width }, (_, slot) => ({
      name: `gain.${slot}`,
      shape: [width],
      values: values.slice(slot * width, (slot + 1) * width),
      decays: false,
    }));
  });
}

/** cos and sin of each position's angles, doubled for both halves of a head: f32 [T, 1, headSize] each. */
export function rotaryHalves(setup: StepSetup): {
  cos: Float32Array<ArrayBuffer>;
  sin: Float32Array<ArrayBuffer>;
} {
  const { context, width, heads } = setup.model;
  const headSize = width / heads;
  const half = headSize / 2;
  const table = rotaryTable(context, headSize); // [T, headSize/2, 2]
  const at = (i: number, part: number): number => {
    const [position, element] = [Math.floor(i / headSize), (i % headSize) % half];
    return table[2 * (position * half + element) + part];
  };
  const make = (part: number): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: context * headSize }, (_, i) => at(i, part));
  return { cos: make(0), sin: make(1) };
}
