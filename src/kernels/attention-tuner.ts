import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import {
  attentionKey,
  attentionVariantsFor,
  chooseAttention,
  type AttentionCase,
  type AttentionPass,
  type AttentionVariant,
} from './attention-variants.ts';
import { attention, attentionBackward } from './attention.ts';
import { rotaryTable } from './rotary.ts';
import { dispatchEntrant } from './entrant.ts';
import { allocateScratch, mostToMeasure, type Scratch } from './scratch.ts';
import { type Contest, type Family } from './tuner.ts';

/**
 * Attention, forward and backward, made so many `times` a step, bound as a block of the model binds it; of so many of its
 * sequences as no tensor of them is too long.
 */
export function attentionFamily(gpu: Gpu, shape: AttentionCase, times = 1): Family {
  const { batch, sequence, heads, headSize } = shape;
  const most = Math.floor(mostToMeasure(gpu) / (sequence * packedOf(shape)));
  const part = { ...shape, batch: Math.max(1, Math.min(batch, most)) };
  let scratch: Scratch<Tensors> | undefined;
  const bind = (pass: AttentionPass, variant: AttentionVariant): Dispatch[] => {
    if (scratch === undefined) throw new Error('a family is prepared before it is measured');
    const { table, ...tensors } = scratch.tensors;
    const operands = { ...tensors, ...part, rotary: { table, turned: true }, variant };
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
    async prepare() {
      scratch = await allocateScratch(gpu, 'measuring attention', (tensor) => allocate(part, tensor));
    },
    free() {
      scratch?.free();
      scratch = undefined;
    },
  };
}

type Tensors = Readonly<Record<'qkv' | 'out' | 'lse' | 'dOut' | 'dQkv' | 'delta' | 'table', Tensor>>;

const packedOf = ({ heads, kvHeads = heads, headSize }: AttentionCase): number =>
  (heads + 2 * kvHeads) * headSize;

function allocate(shape: AttentionCase, make: Gpu['tensor']): Tensors {
  const { batch, sequence, heads, headSize, stored = 'f32' } = shape;
  const rows = batch * sequence;
  const tensor = (name: string, columns: number, type = stored): Tensor =>
    make([rows, columns], type, `tuner.${name}`);
  const packed = packedOf(shape);
  const table = rotaryTable(sequence, headSize);
  return {
    qkv: tensor('qkv', packed),
    dQkv: tensor('dQkv', packed),
    out: tensor('out', heads * headSize),
    dOut: tensor('dOut', heads * headSize),
    lse: tensor('lse', heads, 'f32'),
    delta: tensor('delta', heads, 'f32'),
    table: make([table.length], 'f32', 'tuner.table', table),
  };
}
