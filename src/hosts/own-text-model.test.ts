import { describe, expect, it } from 'vitest';
import { concatBytes, utf8, type Bytes } from '../base/bytes.ts';
import { canonicalJson } from '../base/canonical-json.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { modelFolder } from '../export/model-folder.ts';
import { tarParts } from '../export/tar.ts';
import { presets, type ModelConfig } from '../model/config.ts';
import { initialParameters } from '../model/parameters.ts';
import { readRunConfig } from '../volunteer/run-config.ts';
import { planRun } from '../volunteer/run-plan.ts';
import { cutStart } from '../volunteer/start-weights.ts';
import { startOfModel, twiceNamed } from './own-text-model.ts';

const parametersOf = (config: ModelConfig): Bytes =>
  new Uint8Array(initialParameters(config, 3).slice().buffer);

const origin = {
  ...{ run: 'a1'.repeat(32), round: 40, endRound: 300, state: 'c3'.repeat(16), corpus: 'b2'.repeat(32) },
  ...{ seed: 7, trainLoss: 2.5, validationLoss: undefined },
};

function filesOf(config: ModelConfig): Map<string, Bytes> {
  const folder = modelFolder(config, parametersOf(config), 'F32', origin);
  return new Map(folder.map(({ name, parts }) => [name, concatBytes(...parts)]));
}

const reasonOf = async (files: ReadonlyMap<string, Bytes>): Promise<string> => {
  const read = await startOfModel(files);
  return read.ok ? 'accepted' : read.reason;
};

describe('a model to start from', async () => {
  const files = filesOf(presets.nano);
  const expected = await cutStart(parametersOf(presets.nano));

  it('taken home from a run is the start of another, bit for bit', async () => {
    const read = await startOfModel(files);
    expect(read).toMatchObject({
      ok: true,
      value: { model: { start: expected.start, preset: 'nano', notes: [] } },
    });
    expect(read.ok && [...read.value.blobs.keys()]).toEqual([...expected.blobs.keys()]);
  });

  it('is the same out of the archive it came in', async () => {
    const archive = concatBytes(
      ...tarParts(
        [...files].map(([name, bytes]) => ({ name: `model/${name}`, parts: [bytes] })),
        0,
      ),
    );
    const read = await startOfModel(new Map([['model.tar', archive]]));
    expect(read).toMatchObject({ ok: true, value: { model: { start: expected.start } } });
  });

  it('is what a run names so that another volunteer reads it back', () => {
    const wishes = {
      ...({ preset: 'nano', seed: 1, volunteers: 1, rounds: 10, fixedWork: false } as const),
      founder: 'a'.repeat(32) as PeerId,
      nonce: 'c'.repeat(32),
      corpus: 'b'.repeat(64) as Digest,
    };
    const config = planRun({ ...wishes, start: expected.start });
    expect(readRunConfig(canonicalJson(config))).toEqual({ ok: true, value: config });
    // A run without says nothing of it, as before.
    expect(canonicalJson(planRun(wishes))).not.toContain('start');
    const refusal = (start: unknown): unknown => {
      const read = readRunConfig(canonicalJson({ ...config, start }));
      return read.ok ? 'accepted' : read.reason;
    };
    expect(refusal(null)).toBe('config has the wrong shape');
    expect(refusal({ ...expected.start, more: 1 })).toBe('config has the wrong shape');
    expect(refusal({ ...expected.start, state: 'x' })).toBe('config has the wrong shape');
    expect(refusal({ ...expected.start, bytes: 2 ** 31 })).toBe('config has the wrong shape');
    expect(refusal({ ...expected.start, bytes: expected.start.bytes + 4 })).toBe(
      'config starts from weights of another size',
    );
  });

  it('is refused with a sentence where no run can start from it', async () => {
    expect(await reasonOf(new Map([...files].filter(([name]) => name !== 'config.json')))).toBe(
      'The folder has no config.json.',
    );
    const other = { ...presets.nano, blocks: 3 };
    expect(await reasonOf(filesOf(other))).toMatch(
      /^A run has the shape of nano, micro or small, .* 3 blocks/,
    );
    expect(await reasonOf(new Map([['x.tar', utf8('no archive')]]))).toBe(
      'The .tar cannot be read: not a tar archive.',
    );
    expect(await reasonOf(new Map([...files, ['tokenizer.json', utf8('{}')]]))).toMatch(/bytes/);
  });
});

it('is not read from two files of one name', () => {
  expect(twiceNamed(['config.json', 'model.safetensors', 'config.json'])).toContain('config.json');
  expect(twiceNamed(['config.json', 'model.safetensors'])).toBeUndefined();
});
