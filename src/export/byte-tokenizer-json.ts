import { refused, accepted, type Decoded } from '../base/verdict.ts';

/**
 * The printable characters that stand for the 256 bytes in a byte-level tokenizer.json (GPT-2's table): a byte that prints in
 * Latin-1 is itself, all others take the characters from U+0100 on, in order.
 */
export function byteCharacters(): readonly string[] {
  const prints = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(prints(byte) ? byte : next++));
}

const byteVocabulary = (): Readonly<Record<string, number>> =>
  Object.fromEntries(byteCharacters().map((character, byte) => [character, byte]));

/** tokenizer.json of our byte tokenizer: byte-level BPE that merges nothing, so that every byte is a token and its own id. */
export function tokenizerJson(): Readonly<Record<string, unknown>> {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: byteVocabulary(),
      merges: [],
    },
  };
}

/** tokenizer_config.json: which class reads tokenizer.json, and that there are no marks at the ends of a text. */
export const tokenizerConfigJson = (context: number): Readonly<Record<string, unknown>> => ({
  tokenizer_class: 'PreTrainedTokenizerFast',
  model_max_length: context,
  clean_up_tokenization_spaces: false,
  add_bos_token: false,
  add_eos_token: false,
  bos_token: null,
  eos_token: null,
  pad_token: null,
  unk_token: null,
});

const mostCharacters = 4 << 20;

/** Whether a tokenizer.json from outside makes the same tokens as ours; refused with a sentence for people if not. */
export function readByteTokenizer(text: string): Decoded<undefined> {
  const other = 'The model reads other tokens than bytes: only models of bytes can be trained here.';
  if (text.length > mostCharacters) return refused(other);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refused('tokenizer.json is not JSON.');
  }
  const {
    added_tokens: added,
    normalizer,
    pre_tokenizer: before,
    post_processor: after,
    model,
  } = fields(json);
  const { type, vocab, merges } = fields(model);
  const { type: splits, add_prefix_space: prefixed } = fields(before);
  const entries = Object.entries(fields(vocab));
  const expected = byteVocabulary();
  const same =
    type === 'BPE' &&
    splits === 'ByteLevel' &&
    prefixed === false &&
    isNothing(added) &&
    isNothing(normalizer) &&
    isNothing(after) &&
    isNothing(merges) &&
    entries.length === 256 &&
    entries.every(([character, id]) => Object.hasOwn(expected, character) && expected[character] === id);
  return same ? accepted(undefined) : refused(other);
}

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};

const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);
