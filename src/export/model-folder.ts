import { utf8, type Bytes } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import type { ModelConfig } from '../model/config.ts';
import { tokenizerConfigJson, tokenizerJson } from './byte-tokenizer-json.ts';
import { toBrain } from './float-words.ts';
import { llamaConfig } from './llama-config.ts';
import { llamaTensors } from './llama-names.ts';
import { modelCard, type ModelOrigin } from './model-card.ts';
import { safetensorsHead } from './safetensors.ts';
import type { TarFile } from './tar.ts';

export type ExportType = 'F32' | 'BF16';

/**
 * A model as the folder that `from_pretrained` of `transformers` loads. `parameters`: a replica's snapshot, f32 in layout order,
 * which in F32 becomes part of the answer as it is, uncopied.
 */
export function modelFolder(
  config: ModelConfig,
  parameters: Bytes,
  dtype: ExportType,
  origin: ModelOrigin,
): readonly TarFile[] {
  const json = (value: unknown): readonly Bytes[] => [utf8(`${JSON.stringify(value, undefined, 2)}\n`)];
  return [
    { name: 'README.md', parts: [utf8(modelCard(config, dtype, origin))] },
    { name: 'config.json', parts: json(llamaConfig(config, dtype)) },
    { name: 'model.safetensors', parts: modelFile(config, parameters, dtype) },
    { name: 'tokenizer.json', parts: json(tokenizerJson()) },
    { name: 'tokenizer_config.json', parts: json(tokenizerConfigJson(config.context)) },
  ];
}

/** model.safetensors in two parts: what stands before the values, and the values in layout order. */
export function modelFile(config: ModelConfig, parameters: Bytes, dtype: ExportType): readonly Bytes[] {
  const tensors = llamaTensors(config);
  const count = tensors.reduce((sum, { length }) => sum + length, 0);
  invariant(parameters.length === 4 * count, 'a snapshot of this config');
  const head = safetensorsHead(
    tensors.map(({ name, shape }) => ({ name, shape, dtype })),
    { format: 'pt' }, // `transformers` refuses a file that does not say so
  );
  if (dtype === 'F32') return [head, parameters];
  return [head, toBrain(new Float32Array(parameters.buffer, parameters.byteOffset, count))];
}
