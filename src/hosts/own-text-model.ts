import type { Bytes } from '../base/bytes.ts';
import type { Digest } from '../base/ids.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import { readModelFolder } from '../export/read-model-folder.ts';
import { readTar } from '../export/read-tar.ts';
import { presets, type ModelConfig, type PresetName } from '../model/config.ts';
import { cutStart } from '../volunteer/start-weights.ts';
import { mostStartBytes, tooLongModel, type CutModel } from '../volunteer/text-choice.ts';

/**
 * What a run can start from, of the files of a model's folder or of one .tar with them, and the blobs that others are given. Any bytes
 * may be given; reasons are sentences for people.
 */
export async function startOfModel(
  files: ReadonlyMap<string, Bytes>,
): Promise<Decoded<{ readonly model: CutModel; readonly blobs: ReadonlyMap<Digest, Bytes> }>> {
  const folder = unpacked(files);
  if (!folder.ok) return folder;
  const read = readModelFolder({
    'config.json': textOf(folder.value.get('config.json')),
    'tokenizer.json': textOf(folder.value.get('tokenizer.json')),
    'model.safetensors': folder.value.get('model.safetensors'),
  });
  if (!read.ok) return read;
  const { config, parameters, notes } = read.value;
  const preset = presetOf(config);
  if (preset === undefined) return refused(shapeProblem(config));
  if (parameters.length > mostStartBytes) return refused(tooLongModel);
  const { start, blobs } = await cutStart(parameters);
  return accepted({ model: { start, preset, notes }, blobs });
}

/** Why files of these names are no model: two of one name, and nobody knows which is meant. A sentence; undefined: they may be. */
export function twiceNamed(names: readonly string[]): string | undefined {
  const twice = names.find((name, at) => names.indexOf(name) < at);
  return twice === undefined
    ? undefined
    : `Two files are called ${twice}: choose the files of one model only.`;
}

/** The only .tar's files, or the files themselves. */
function unpacked(files: ReadonlyMap<string, Bytes>): Decoded<ReadonlyMap<string, Bytes>> {
  const [only] = files;
  if (files.size !== 1 || only?.[0].endsWith('.tar') !== true) return accepted(files);
  const archive = readTar(only[1]);
  return archive.ok ? archive : refused(`The .tar cannot be read: ${archive.reason}.`);
}

const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

const presetOf = (config: ModelConfig): PresetName | undefined =>
  (Object.keys(presets) as PresetName[]).find((name) =>
    (Object.keys(config) as (keyof ModelConfig)[]).every((key) => presets[name][key] === config[key]),
  );

const shapeProblem = ({ width, blocks, heads, hidden, context }: ModelConfig): string =>
  `A run has the shape of nano, micro or small, and this model has another: ${blocks} blocks of ${heads} heads, ${width} wide, ${hidden} inside, ${context} bytes at a time.`;
