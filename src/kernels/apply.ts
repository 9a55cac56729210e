import code from '../../shaders/apply.wgsl?raw';
import latticeStep from '../../shaders/lib/lattice-step.wgsl?raw';
import mix from '../../shaders/lib/mix.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { f32, foldGroups, i32, u32, type Dispatch, type KernelSource, type Word } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { latticePerUnit, moveOf, type RoundStep } from './apply.reference.ts';
import type { BlockKind } from './block-shape.ts';

const source: KernelSource = {
  name: 'apply',
  code: mix + latticeStep + code,
  entry: 'main',
  bindings: ['write', 'read'],
  uniforms: true,
  promise: { kind: 'bitwise' },
};

export interface ApplyTensors {
  /** f32 [length], lattice values, in place; a multiple of 4 elements, as every blocked tensor has. */
  readonly values: Tensor;
  /** i32 [>= length]: only its sign is used. */
  readonly x: Tensor;
  readonly kind: BlockKind;
  /** Index of the first element in the whole model. */
  readonly offset: number;
}

/** Moves parameters against sign(x), bit-exactly. See shaders/apply.wgsl. `setRound` before every submit. */
export function apply(
  gpu: Gpu,
  op: ApplyTensors,
): { dispatch: Dispatch; setRound: (round: RoundStep) => void } {
  const { values, x, kind, offset } = op;
  invariant(x.length >= values.length && values.length % 4 === 0, 'x holds every element, four at a time');
  const perUnit = latticePerUnit[kind];
  const words = (round: RoundStep): readonly Word[] => {
    const { step, decay } = moveOf(kind, round);
    return [
      u32(values.length),
      u32(offset),
      u32(round.roundKey),
      i32(step),
      i32(decay),
      f32(perUnit),
      f32(1 / perUnit),
    ];
  };
  const groups = foldGroups(Math.ceil(values.length / 256));
  const dispatch = gpu.kernels.bind(source, [values, x], groups, words({ step: 0, decay: 0, roundKey: 0 }));
  return {
    dispatch,
    setRound(round) {
      dispatch.setUniforms(words(round));
    },
  };
}
