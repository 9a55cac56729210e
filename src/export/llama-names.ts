import { invariant } from '../base/invariant.ts';
import type { ModelConfig } from '../model/config.ts';
import { gainsSlot, parameterLayout } from '../model/parameters.ts';

/** A tensor as Hugging Face's `LlamaForCausalLM` names it, and where its values stand among our parameters. */
export interface LlamaTensor {
  readonly name: string;
  /** [out, in] of a linear layer, [V, d] of embedding and head, [d] of a norm. */
  readonly shape: readonly number[];
  /** Index of its first value in layout order; the rest follow. */
  readonly offset: number;
  readonly length: number;
  readonly kind: 'matrix' | 'gains';
}

/**
 * The state dict of `LlamaForCausalLM` over our parameters, in layout order and without gaps. Nothing has to be moved or
 * turned: linear layers are [out, in] here as there, q|k|v and gate|up are rows one below the other, and rotary positions pair
 * element i of a head with i + headSize / 2, which is the layout of `transformers` (not that of Meta's own weights).
 */
export function llamaTensors(config: ModelConfig): readonly LlamaTensor[] {
  const { vocabulary, width, blocks, hidden } = config;
  const tensors: LlamaTensor[] = [];
  let offset = 0;
  const add = (name: string, kind: LlamaTensor['kind'], ...shape: number[]): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    tensors.push({ name, shape, offset, length, kind });
    offset += length;
  };
  add('model.embed_tokens.weight', 'matrix', vocabulary, width);
  for (let block = 0; block < blocks; block++) {
    const layer = `model.layers.${block}`;
    for (const part of ['q', 'k', 'v', 'o'])
      add(`${layer}.self_attn.${part}_proj.weight`, 'matrix', width, width);
    add(`${layer}.mlp.gate_proj.weight`, 'matrix', hidden, width);
    add(`${layer}.mlp.up_proj.weight`, 'matrix', hidden, width);
    add(`${layer}.mlp.down_proj.weight`, 'matrix', width, hidden);
  }
  add('lm_head.weight', 'matrix', vocabulary, width);
  const gains: [string, number][] = [['model.norm.weight', 2 * blocks]];
  for (let block = 0; block < blocks; block++) {
    gains.push([`model.layers.${block}.input_layernorm.weight`, gainsSlot(block, 'attention')]);
    gains.push([`model.layers.${block}.post_attention_layernorm.weight`, gainsSlot(block, 'mlp')]);
  }
  for (const [name] of gains.sort(([, a], [, b]) => a - b)) add(name, 'gains', width);
  invariant(offset === parameterLayout(config).length, 'every parameter has one place in the state dict');
  return tensors;
}
