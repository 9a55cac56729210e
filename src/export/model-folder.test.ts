import { describe, expect, it } from 'vitest';
import { concatBytes, equalBytes, type Bytes } from '../base/bytes.ts';
import { SeededRandom } from '../base/random.ts';
import { presets } from '../model/config.ts';
import { decodeParameters, initialParameters, parameterLayout } from '../model/parameters.ts';
import { ReferenceTransformer } from '../model/transformer.reference.ts';
import * as recorded from './fixtures/hf-llama.ts';
import { toBrain } from './float-words.ts';
import { llamaTensors } from './llama-names.ts';
import { modelFile, modelFolder } from './model-folder.ts';
import { readModelFolder, type ModelFiles } from './read-model-folder.ts';
import { safetensorsHead } from './safetensors.ts';

const { config } = recorded;
const origin = {
  ...{ run: 'a1'.repeat(32), round: 40, endRound: 300, state: 'c3'.repeat(16), corpus: 'b2'.repeat(32) },
  ...{ seed: 7, trainLoss: 2.5, validationLoss: undefined },
};

/** The fixture's weights as a snapshot of a replica: filled in by what each of our tensors is, not by `llamaTensors`. */
function fixtureSnapshot(): Bytes {
  const values = new Float32Array(parameterLayout(config).length);
  const theirs = (name: string): number[] => {
    const found = recorded.stateDict.find((tensor) => tensor.name === name);
    return Array.from(found?.values ?? []);
  };
  for (const { name, offset, rows, cols } of parameterLayout(config).specs) {
    const [, block, role] = /^blocks\.(\d+)\.(\w+)$/.exec(name) ?? [];
    const layer = `model.layers.${block ?? ''}`;
    const parts: Record<string, string[]> = {
      embedding: ['model.embed_tokens'],
      head: ['lm_head'],
      qkv: ['q', 'k', 'v'].map((part) => `${layer}.self_attn.${part}_proj`),
      output: [`${layer}.self_attn.o_proj`],
      gateUp: [`${layer}.mlp.gate_proj`, `${layer}.mlp.up_proj`],
      down: [`${layer}.mlp.down_proj`],
      gains: [
        ...[0, 1].flatMap((b) =>
          ['input', 'post_attention'].map((norm) => `model.layers.${b}.${norm}_layernorm`),
        ),
        'model.norm',
      ],
    };
    const all = (parts[role ?? name] ?? []).flatMap((part) => theirs(`${part}.weight`));
    expect(all.length, name).toBe(rows * cols);
    values.set(all, offset);
  }
  return new Uint8Array(values.buffer);
}

/** A reader of safetensors as short as the format allows, which shares nothing with ours. */
function plainRead(file: Bytes): Map<string, { dtype: string; shape: number[]; bytes: Bytes }> {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.slice(8, 8 + length))) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  expect(header['__metadata__']).toEqual({ format: 'pt' });
  expect((8 + length) % 8).toBe(0);
  const values = file.subarray(8 + length);
  return new Map(
    Object.entries(header).flatMap(([name, { dtype, shape, data_offsets }]) =>
      name === '__metadata__'
        ? []
        : [[name, { dtype, shape, bytes: values.slice(data_offsets[0], data_offsets[1]) }] as const],
    ),
  );
}

const filesOf = (parameters: Bytes, dtype: 'F32' | 'BF16' = 'F32', of = config): ModelFiles => {
  const folder = modelFolder(of, parameters, dtype, origin);
  const bytes = (name: string): Bytes =>
    concatBytes(...(folder.find((file) => file.name === name)?.parts ?? []));
  const text = (name: string): string => new TextDecoder().decode(bytes(name));
  return {
    'config.json': text('config.json'),
    'tokenizer.json': text('tokenizer.json'),
    'model.safetensors': bytes('model.safetensors'),
  };
};

const relativeL2 = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  return Math.sqrt(difference / norm);
};

describe('an exported model', () => {
  it('is, tensor for tensor, the state dict whose logits PyTorch recorded by the formula of LlamaForCausalLM', () => {
    const read = plainRead(concatBytes(...modelFile(config, fixtureSnapshot(), 'F32')));
    expect([...read.keys()].sort()).toEqual(recorded.stateDict.map(({ name }) => name).sort());
    for (const { name, shape, values } of recorded.stateDict) {
      const tensor = read.get(name);
      expect(tensor?.shape, name).toEqual(shape);
      expect(new Float32Array(tensor?.bytes.buffer ?? new ArrayBuffer()), name).toEqual(values);
    }
  });

  it('computes those logits with our model, within a relative L2 of 1e-6', () => {
    const parameters = Float64Array.from(new Float32Array(fixtureSnapshot().buffer));
    const model = new ReferenceTransformer(config, parameters, recorded.ids.length);
    const logits = recorded.logits();
    expect(logits.length).toBe(recorded.ids.length * config.vocabulary);
    expect(relativeL2(model.logits(recorded.ids), logits)).toBeLessThan(1e-6);
  });

  it('holds the snapshot itself in F32, and half as many bytes in BF16', () => {
    const snapshot = fixtureSnapshot();
    const [head, values] = modelFile(config, snapshot, 'F32');
    expect(values).toBe(snapshot);
    const [, halves] = modelFile(config, snapshot, 'BF16');
    expect(halves.length).toBe(snapshot.length / 2);
    expect(head.length % 8).toBe(0);
  });

  it('says in config.json what transformers would else assume', () => {
    expect(JSON.parse(filesOf(fixtureSnapshot())['config.json'] ?? '')).toMatchObject({
      ...{ model_type: 'llama', vocab_size: 256, hidden_size: 64, intermediate_size: 128, head_dim: 16 },
      ...{ num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 4, rms_norm_eps: 1e-5 },
      ...{ rope_theta: 10_000, tie_word_embeddings: false, bos_token_id: null, eos_token_id: null },
    });
  });

  it('has a card that names the run, the rounds, the corpus and the losses that are known', () => {
    const [card] = modelFolder(config, fixtureSnapshot(), 'F32', origin);
    expect(card.name).toBe('README.md');
    const text = new TextDecoder().decode(card.parts[0]);
    for (const said of [origin.run, origin.corpus, origin.state, '40 of 300', '2.5000 nats'])
      expect(text).toContain(said);
    expect(text).not.toContain('Validation');
    expect(text).not.toContain('undefined');
    expect(text).not.toContain('First weights');
  });

  it('has a card that does not keep quiet about weights that somebody brought', () => {
    const start = { root: 'd4'.repeat(32), state: 'e5'.repeat(16) };
    const [card] = modelFolder(config, fixtureSnapshot(), 'F32', { ...origin, start });
    const text = new TextDecoder().decode(card.parts[0]);
    const first = text.split('\n').find((line) => line.startsWith('- First weights'));
    expect(first).toContain(`\`${start.root}\``);
    expect(first).toContain(`\`${start.state}\``);
    expect(text).toContain('40 of 300, after what it began with');
    expect(text).not.toContain('no other training');
  });

  it('covers every preset', () => {
    for (const preset of Object.values(presets)) {
      const tensors = llamaTensors(preset);
      expect(tensors.length).toBe(9 * preset.blocks + 3);
    }
  });
});

describe('a model loaded back', () => {
  it('is the same to the bit, and says that nothing was changed', () => {
    const snapshot = new Uint8Array(initialParameters(presets.nano, 5).buffer);
    const read = readModelFolder(filesOf(snapshot, 'F32', presets.nano));
    if (!read.ok) throw new Error(read.reason);
    expect(read.value).toMatchObject({ config: presets.nano, rounded: 0, clamped: 0, notes: [] });
    expect(equalBytes(read.value.parameters, snapshot)).toBe(true);
  });

  it('is accepted as a snapshot by a replica, also from BF16', () => {
    const read = readModelFolder(filesOf(fixtureSnapshot(), 'BF16'));
    if (!read.ok) throw new Error(read.reason);
    expect(decodeParameters(parameterLayout(config), read.value.parameters).ok).toBe(true);
    const values = Float64Array.from(new Float32Array(read.value.parameters.buffer));
    const model = new ReferenceTransformer(config, values, recorded.ids.length);
    expect(relativeL2(model.logits(recorded.ids), recorded.logits())).toBeLessThan(0.02);
  });

  /** The fixture's file with one tensor changed, left out or put in. */
  const changed = (
    change: (name: string, values: Float32Array) => Float32Array | undefined,
    more: string[] = [],
  ) => {
    const tensors = recorded.stateDict.flatMap(({ name, shape, values }) => {
      const now = change(name, values);
      return now === undefined ? [] : [{ name, shape, dtype: 'F32', values: now }];
    });
    for (const name of more) tensors.push({ name, shape: [2], dtype: 'F32', values: Float32Array.of(1, 2) });
    const file = concatBytes(
      safetensorsHead(tensors, {}),
      ...tensors.map(({ values }) => new Uint8Array(values.slice().buffer)),
    );
    return { ...filesOf(fixtureSnapshot()), 'model.safetensors': file };
  };
  const reasonFor = (files: ModelFiles): string => {
    const read = readModelFolder(files);
    return read.ok ? 'accepted' : read.reason;
  };

  it('says how many values went to the nearest place on the lattice and how many were cut', () => {
    const read = readModelFolder(
      changed((name, values) =>
        name === 'lm_head.weight'
          ? values.map((value, i) => (i === 0 ? 5 : i < 4 ? 2 ** -24 : value))
          : values,
      ),
    );
    if (!read.ok) throw new Error(read.reason);
    expect(read.value).toMatchObject({ rounded: 3, clamped: 1 });
    expect(read.value.notes.join(' ')).toMatch(/^3 of \d+ values went .* 1 of \d+ values were larger/);
  });

  it('starts with two equal tables where embedding and head are one', () => {
    const files = changed((name, values) => (name === 'lm_head.weight' ? undefined : values));
    expect(reasonFor(files)).toBe('The model lacks lm_head.weight.');
    const tied = JSON.stringify({ ...JSON.parse(files['config.json'] ?? ''), tie_word_embeddings: true });
    const read = readModelFolder({ ...files, 'config.json': tied });
    if (!read.ok) throw new Error(read.reason);
    const head = llamaTensors(config).find(({ name }) => name === 'lm_head.weight');
    const values = new Float32Array(read.value.parameters.buffer);
    const at = head?.offset ?? 0;
    expect(values.slice(at, at + (head?.length ?? 0))).toEqual(values.slice(0, head?.length));
    expect(read.value.notes.join(' ')).toContain('two equal ones');
  });

  it('is refused with what is wrong', () => {
    const good = filesOf(fixtureSnapshot());
    const says = (change: object): ModelFiles => ({
      ...good,
      'config.json': JSON.stringify({ ...JSON.parse(good['config.json'] ?? ''), ...change }),
    });
    const cases: [string, ModelFiles][] = [
      ['no model.safetensors', { ...good, 'model.safetensors': undefined }],
      ['config.json is not JSON', { ...good, 'config.json': '{' }],
      ['type llama', says({ model_type: 'gpt2' })],
      ['shares keys and values', says({ num_key_value_heads: 2 })],
      ['epsilon', says({ rms_norm_eps: 1e-6 })],
      ['angles', says({ rope_theta: 500_000 })],
      ['angles', says({ rope_scaling: { type: 'linear', factor: 2 } })],
      ['angles', says({ rope_parameters: { rope_type: 'llama3', rope_theta: 10_000 } })],
      ['nothing usable of hidden_size', says({ hidden_size: 'wide' })],
      ['must be a multiple of 64', says({ hidden_size: 96, head_dim: null })],
      ['attention_bias', says({ attention_bias: true })],
      ['320 tokens', says({ vocab_size: 320 })],
      ['is of shape [256, 64] and not [256, 128]', says({ hidden_size: 128, head_dim: 32 })],
      ['other tokens than bytes', { ...good, 'tokenizer.json': '{"model":{"type":"Unigram"}}' }],
      ['tokenizer.json is not JSON', { ...good, 'tokenizer.json': '' }],
      [
        'header longer than the file',
        { ...good, 'model.safetensors': new Uint8Array([9, 0, 0, 0, 0, 0, 0, 0]) },
      ],
      ['not a number', changed((_, values) => values.map((value, i) => (i === 3 ? NaN : value)))],
      ['that ours has not: extra', changed((_, values) => values, ['extra'])],
    ];
    for (const [reason, files] of cases) expect(reasonFor(files)).toContain(reason);
    expect(
      reasonFor(says({ rope_theta: null, rope_parameters: { rope_type: 'default', rope_theta: 10_000 } })),
    ).toBe('accepted');
    const inverse = 'model.layers.0.self_attn.rotary_emb.inv_freq';
    expect(reasonFor(changed((_, values) => values, [inverse]))).toBe('accepted');
  });
});

describe('bfloat16', () => {
  it('is the nearest, ties to even (seed 41)', () => {
    const random = new SeededRandom(41);
    const values = Float32Array.from({ length: 500 }, () => random.normal() * 2 ** (random.below(40) - 20));
    const words = new Uint16Array(toBrain(values).buffer);
    const back = new Float32Array(Uint32Array.from(words, (word) => word << 16).buffer);
    values.forEach((value, i) => {
      const step = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 7);
      expect(Math.abs(back[i] - value)).toBeLessThanOrEqual(step / 2);
    });
    const ties = toBrain(Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, Infinity, -Infinity, NaN));
    expect([...new Uint16Array(ties.buffer)]).toEqual([0x3f80, 0x3f82, 0x7f80, 0xff80, 0x7fc0]);
  });
});
