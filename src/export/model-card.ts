import { countParameters, type ModelConfig } from '../model/config.ts';

/** What a model card says of where a model comes from. */
export interface ModelOrigin {
  readonly run: string;
  /** Rounds that the model has been through. */
  readonly round: number;
  readonly endRound: number | undefined;
  /** Digest of the parameters that every replica of the run held after that round: 32 hex digits. */
  readonly state: string;
  /** Digest of the corpus manifest. */
  readonly corpus: string;
  readonly seed: number;
  /** The weights that the run began with, where those were not drawn from its seed. */
  readonly start?: { readonly root: string; readonly state: string } | undefined;
  /** Nats a token: of this round's text, and as last measured by then; undefined where it is not known. */
  readonly trainLoss: number | undefined;
  readonly validationLoss: number | undefined;
}

/** README.md of an exported model. Numbers that are not known are left out. */
export function modelCard(config: ModelConfig, dtype: 'F32' | 'BF16', origin: ModelOrigin): string {
  const { vocabulary, width, blocks, heads, hidden, context } = config;
  const { run, round, endRound, state, corpus, seed, start, trainLoss, validationLoss } = origin;
  const bits = (nats: number): string => (nats / Math.LN2).toFixed(3);
  const losses = [
    ...(trainLoss === undefined ? [] : [`- Training loss: ${trainLoss.toFixed(4)} nats a byte`]),
    ...(validationLoss === undefined
      ? []
      : [
          `- Validation loss: ${validationLoss.toFixed(4)} nats a byte, or ${bits(validationLoss)} bits a byte`,
        ]),
  ];
  const known = [
    ...(start === undefined ? [] : [brought(start)]),
    ...(losses.length === 0 ? ['- No loss was known when it was saved'] : losses),
  ];
  const rounds =
    endRound === undefined ? `${round}, in a run without end` : `${round} of ${Math.max(round, endRound)}`;
  const before =
    start === undefined
      ? 'It has had no other training than continuing text.'
      : 'It began as another model, which somebody brought: what that one was trained on is not known here.';
  return `---
library_name: transformers
pipeline_tag: text-generation
tags:
  - llama
  - byte-level
  - starling
---

# A model from a Starling run

A small language model that volunteers trained together in browser tabs. It reads and writes bytes: every token is one byte,
and token ids are the bytes' values. ${before}

## Where it comes from

- Run: \`${run}\`
- Rounds: ${rounds}${start === undefined ? '' : ', after what it began with'}
- State digest: \`${state}\`
- Digest of the corpus manifest: \`${corpus}\`
- Seed: ${seed}
${known.join('\n')}

## What it is

${grouped(countParameters(config))} parameters in the Llama layout: ${blocks} blocks of width ${width} with ${heads} heads and a SwiGLU of ${hidden}; ${vocabulary} tokens,
context ${context}, embedding and head untied. The values are ${
    dtype === 'F32'
      ? 'f32, exactly those that the replicas of the run held'
      : 'bfloat16, rounded from the f32 that the replicas of the run held'
  }.

## How to use it

\`\`\`python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(".")
model = AutoModelForCausalLM.from_pretrained(".")
ids = tokenizer("The ", return_tensors="pt").input_ids
print(tokenizer.decode(model.generate(ids, do_sample=True, temperature=0.7, max_length=${context})[0]))
\`\`\`

It sees the last ${context} bytes. Text it writes may be wrong or offensive; it repeats what its corpus was like.
`;
}

const brought = ({ root, state }: NonNullable<ModelOrigin['start']>): string =>
  `- First weights: not drawn from the seed, but brought by whoever began the run; digest of their list: \`${root}\`, state digest: \`${state}\``;

const grouped = (whole: number): string => String(whole).replace(/\B(?=(\d{3})+$)/g, ',');
