import * as v from 'valibot';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import { configProblem, type ModelConfig } from '../model/config.ts';

/** What our kernels compute with; another model with these numbers is ours. */
const normEpsilon = 1e-5;
const rotaryBase = 10_000;

/** config.json as `LlamaConfig` of `transformers` reads it: what it would else assume is said, also that there are no marks. */
export function llamaConfig(config: ModelConfig, dtype: 'F32' | 'BF16'): Readonly<Record<string, unknown>> {
  const { vocabulary, width, blocks, heads, hidden, context } = config;
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: vocabulary,
    hidden_size: width,
    intermediate_size: hidden,
    num_hidden_layers: blocks,
    num_attention_heads: heads,
    num_key_value_heads: heads,
    head_dim: width / heads,
    max_position_embeddings: context,
    hidden_act: 'silu',
    rms_norm_eps: normEpsilon,
    rope_theta: rotaryBase,
    rope_scaling: null,
    attention_bias: false,
    attention_dropout: 0,
    mlp_bias: false,
    tie_word_embeddings: false,
    initializer_range: 0.02,
    bos_token_id: null,
    eos_token_id: null,
    pad_token_id: null,
    torch_dtype: dtype === 'F32' ? 'float32' : 'bfloat16',
    use_cache: true,
  };
}

const size = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1 << 20));
const off = v.optional(v.nullable(v.literal(false)));
const schema = v.object({
  model_type: v.string(),
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: v.optional(v.nullable(size)),
  head_dim: v.optional(v.nullable(size)),
  max_position_embeddings: size,
  hidden_act: v.optional(v.string(), 'silu'),
  rms_norm_eps: v.optional(v.number(), 1e-6), // what `LlamaConfig` assumes
  rope_theta: v.optional(v.nullable(v.number())),
  rope_scaling: v.optional(v.nullable(v.unknown())),
  rope_parameters: v.optional(v.nullable(v.record(v.string(), v.unknown()))),
  attention_bias: off,
  mlp_bias: off,
  tie_word_embeddings: v.optional(v.nullable(v.boolean())),
});

const mostCharacters = 64 << 10;

/** A config.json from outside. Refused with a sentence for people where our kernels would compute another model. */
export function readLlamaConfig(
  text: string,
): Decoded<{ readonly config: ModelConfig; readonly tied: boolean }> {
  if (text.length > mostCharacters) return refused('config.json is too long.');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refused('config.json is not JSON.');
  }
  const parsed = v.safeParse(schema, json, { abortEarly: true });
  if (!parsed.success) {
    const at = v.getDotPath(parsed.issues[0]);
    return refused(
      at === null ? 'config.json does not describe a model.' : `config.json says nothing usable of ${at}.`,
    );
  }
  const said = parsed.output;
  const heads = said.num_attention_heads;
  const reason =
    said.model_type !== 'llama'
      ? 'Only models of the type llama can be trained here.'
      : said.hidden_act !== 'silu'
        ? 'The model has another activation than SiLU.'
        : Math.abs(said.rms_norm_eps - normEpsilon) > 1e-12
          ? 'The model normalizes with another epsilon than 1e-5.'
          : !isPlainRotary(said)
            ? 'The model turns positions by other angles than those of base 10,000.'
            : (said.num_key_value_heads ?? heads) !== heads
              ? 'The model shares keys and values among heads.'
              : (said.head_dim ?? said.hidden_size / heads) * heads !== said.hidden_size
                ? 'The heads of the model are not as wide as the model together.'
                : undefined;
  if (reason !== undefined) return refused(reason);
  const config: ModelConfig = {
    vocabulary: said.vocab_size,
    width: said.hidden_size,
    blocks: said.num_hidden_layers,
    heads,
    hidden: said.intermediate_size,
    context: said.max_position_embeddings,
  };
  const problem = configProblem(config);
  if (problem !== undefined) return refused(`The model does not fit: ${problem}.`);
  return accepted({ config, tied: said.tie_word_embeddings === true });
}

/** Older files say `rope_theta` and `rope_scaling`, newer ones `rope_parameters`. */
function isPlainRotary(said: v.InferOutput<typeof schema>): boolean {
  const { rope_theta: theta, rope_scaling: scaling, rope_parameters: parameters } = said;
  if (scaling !== undefined && scaling !== null) return false;
  const type = parameters?.['rope_type'] ?? 'default';
  const base = theta ?? parameters?.['rope_theta'] ?? rotaryBase;
  const both = parameters?.['rope_theta'] ?? base;
  return type === 'default' && base === rotaryBase && both === rotaryBase;
}
