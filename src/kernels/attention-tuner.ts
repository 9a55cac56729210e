import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { AttentionShape } from './attention.reference.ts';
import {
  attentionKey,
  attentionVariantsFor,
  chooseAttention,
  type AttentionPass,
  type AttentionVariant,
} from './attention-variants.ts';
import { attention, attentionBackward } from './attention.ts';
import { rotaryTable } from './rotary.ts';
import { dispatchEntrant } from './entrant.ts';
import { type Contest, type Family } from './tuner.ts';

/** Attention, forward and backward, made so many `times` a step, bound as a block of the model binds it. */
export function attentionFamily(gpu: Gpu, shape: AttentionShape, times = 1): Family {
  const { batch, sequence, heads, headSize } = shape;
  let scratch: Scratch | undefined;
  const bind = (pass: AttentionPass, variant: AttentionVariant): Dispatch[] => {
    scratch ??= allocate(gpu, shape);
    const { table, ...tensors } = scratch;
    const operands = { ...tensors, ...shape, rotary: { table, turned: true }, variant };
    return pass === 'forward' ? [attention(gpu, operands)] : attentionBackward(gpu, operands);
  };
  const contestOf = (pass: AttentionPass): Contest => {
    const usual = chooseAttention(gpu, shape, pass);
    const others = attentionVariantsFor(gpu, shape).filter((variant) => variant !== usual);
    return {
      key: attentionKey(shape, pass),
      leads: true,
      entrants: [usual, ...others].map((variant) =>
        dispatchEntrant(gpu, variant.name, () => bind(pass, variant)),
      ),
    };
  };
  return {
    // Two products forward and five backward, each of half the square.
    work: times * 7 * batch * heads * sequence * sequence * headSize,
    contests: [contestOf('backward'), contestOf('forward')],
    free() {
      if (scratch !== undefined) gpu.free(...Object.values(scratch));
      scratch = undefined;
    },
  };
}

type Scratch = Readonly<Record<'qkv' | 'out' | 'lse' | 'dOut' | 'dQkv' | 'delta' | 'table', Tensor>>;

function allocate(gpu: Gpu, { batch, sequence, heads, kvHeads = heads, headSize }: AttentionShape): Scratch {
  const rows = batch * sequence;
  const tensor = (name: string, columns: number): Tensor =>
    gpu.tensor([rows, columns], 'f32', `tuner.${name}`);
  const packed = (heads + 2 * kvHeads) * headSize;
  const table = rotaryTable(sequence, headSize);
  return {
    qkv: tensor('qkv', packed),
    dQkv: tensor('dQkv', packed),
    out: tensor('out', heads * headSize),
    dOut: tensor('dOut', heads * headSize),
    lse: tensor('lse', heads),
    delta: tensor('delta', heads),
    table: gpu.tensor([table.length], 'f32', 'tuner.table', table),
  };
}
