import type { Bytes } from '../base/bytes.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import type { ModelConfig } from '../model/config.ts';
import { parameterLayout } from '../model/parameters.ts';
import { readByteTokenizer } from './byte-tokenizer-json.ts';
import { isFloatType, toFloats } from './float-words.ts';
import { readLlamaConfig } from './llama-config.ts';
import { llamaTensors, type LlamaTensor } from './llama-names.ts';
import { readSafetensors, type SafetensorsFile, type TensorView } from './safetensors.ts';
import { toLattice } from './to-lattice.ts';

/** The files of a folder that are read, by name. */
export interface ModelFiles {
  readonly 'config.json': string | undefined;
  readonly 'tokenizer.json': string | undefined;
  readonly 'model.safetensors': Bytes | undefined;
}

/** A model from outside that a run can start from. */
export interface ReadModel {
  readonly config: ModelConfig;
  /** On the lattice, f32 in layout order: a snapshot of round 0. */
  readonly parameters: Bytes;
  readonly rounded: number;
  readonly clamped: number;
  /** What was found that one should know: sentences. */
  readonly notes: readonly string[];
}

/**
 * Reads a folder in the Hugging Face Llama layout. Any text and bytes may be given; what cannot be trained here is refused
 * with a sentence for people.
 */
export function readModelFolder(files: ModelFiles): Decoded<ReadModel> {
  for (const name of ['config.json', 'tokenizer.json', 'model.safetensors'] as const)
    if (files[name] === undefined) return refused(`The folder has no ${name}.`);
  const described = readLlamaConfig(files['config.json'] ?? '');
  if (!described.ok) return described;
  const tokenizer = readByteTokenizer(files['tokenizer.json'] ?? '');
  if (!tokenizer.ok) return tokenizer;
  const { config, tied } = described.value;
  if (config.vocabulary !== 256)
    return refused(`The model has ${config.vocabulary} tokens, but there are 256 bytes.`);
  const file = readSafetensors(files['model.safetensors'] ?? new Uint8Array());
  if (!file.ok) return refused(`model.safetensors cannot be read: ${file.reason}.`);
  return convert(config, file.value, tied);
}

function convert(config: ModelConfig, file: SafetensorsFile, tied: boolean): Decoded<ReadModel> {
  const parameters = new Float32Array(parameterLayout(config).length);
  const left = new Set(file.tensors.keys());
  let [rounded, clamped] = [0, 0];
  let isCopied = false;
  for (const tensor of llamaTensors(config)) {
    const own = file.tensors.get(tensor.name);
    isCopied ||= own === undefined && tied && tensor.name === 'lm_head.weight';
    const found =
      own ??
      (tied && tensor.name === 'lm_head.weight' ? file.tensors.get('model.embed_tokens.weight') : undefined);
    const values = floatsOf(tensor, found);
    if (!values.ok) return values;
    const on = toLattice(values.value, tensor.kind);
    if (on === undefined) return refused(`${tensor.name} holds a value that is not a number.`);
    parameters.set(on.values, tensor.offset);
    rounded += on.rounded;
    clamped += on.clamped;
    left.delete(tensor.name);
  }
  // Older files keep the angles, which are computed here.
  const strange = [...left].find((name) => !name.endsWith('.rotary_emb.inv_freq'));
  if (strange !== undefined)
    return refused(`The model has a tensor that ours has not: ${shortened(strange)}.`);
  return accepted({
    config,
    parameters: new Uint8Array(parameters.buffer),
    rounded,
    clamped,
    notes: notesOf(parameters.length, { rounded, clamped, isCopied }),
  });
}

function floatsOf(
  { name, shape }: LlamaTensor,
  found: TensorView | undefined,
): Decoded<Float32Array<ArrayBuffer>> {
  if (found === undefined) return refused(`The model lacks ${name}.`);
  if (found.shape.length !== shape.length || !found.shape.every((size, i) => size === shape[i]))
    return refused(`${name} is of shape [${found.shape.join(', ')}] and not [${shape.join(', ')}].`);
  if (!isFloatType(found.dtype))
    return refused(`${name} is of type ${found.dtype}: F32, F16 and BF16 are read.`);
  return accepted(toFloats(found.dtype, found.bytes));
}

function notesOf(
  count: number,
  { rounded, clamped, isCopied }: { rounded: number; clamped: number; isCopied: boolean },
): string[] {
  const of = (part: number): string => `${part} of ${count} values`;
  return [
    ...(isCopied ? ['Embedding and head are one in this model; here they start as two equal ones.'] : []),
    ...(rounded > 0 ? [`${of(rounded)} went to the nearest place that a run's parameters can have.`] : []),
    ...(clamped > 0
      ? [`${of(clamped)} were larger than a run's parameters can be, and were cut to the largest.`]
      : []),
  ];
}

const shortened = (name: string): string => (name.length > 80 ? `${name.slice(0, 80)}…` : name);
