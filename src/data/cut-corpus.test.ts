import { describe, expect, it } from 'vitest';
import { concatBytes, utf8 } from '../base/bytes.ts';
import { digestOf } from '../base/digest.ts';
import { StarlingError } from '../base/errors.ts';
import { SeededRandom } from '../base/random.ts';
import { cutCorpus, normaliseText, splitOf, type SourceDocument } from './cut-corpus.ts';

const seed = 7;
const options = { seed, shardBytes: 1000, validationShare: 0.2, separator: '\n\n' };

/** Documents of 100 to 900 two-byte characters, each of one character of its own. */
function documents(count: number): SourceDocument[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, (_, i) => ({
    name: `doc/${i}`,
    text: utf8(String.fromCharCode(0x100 + i).repeat(100 + random.below(800))),
  }));
}

describe(`cutting a corpus (seed ${seed})`, () => {
  it('gives the same shards whatever order the documents come in', async () => {
    const made = documents(40);
    expect(await cutCorpus([...made].reverse(), options)).toEqual(await cutCorpus(made, options));
  });

  it('gives other shards for another seed', async () => {
    const digests = async (s: number) =>
      (await cutCorpus(documents(40), { ...options, seed: s })).map((shard) => shard.entry.digest);
    expect(await digests(8)).not.toEqual(await digests(7));
  });

  it('keeps every document whole, once, in its own split, followed by the separator', async () => {
    const made = documents(40);
    const shards = await cutCorpus(made, options);
    const joined = (split: string) =>
      new TextDecoder('utf-8', { fatal: true }).decode(
        concatBytes(...shards.filter((s) => s.entry.split === split).map((s) => s.bytes)),
      );
    const texts = { train: joined('train'), validation: joined('validation') };
    for (const { name, text } of made) {
      const mine = await splitOf(name, options.validationShare);
      const other = mine === 'train' ? 'validation' : 'train';
      const plain = `${new TextDecoder().decode(text)}\n\n`;
      expect(texts[mine].split(plain).length, name).toBe(2);
      expect(texts[other].includes(plain), name).toBe(false);
    }
    expect(texts.validation.length).toBeGreaterThan(0);
    const expected = made.reduce((sum, each) => sum + each.text.length + 2, 0);
    expect(shards.reduce((sum, shard) => sum + shard.bytes.length, 0)).toBe(expected);
  });

  it('names each shard by its SHA-256 and the documents that lie in it, and cuts no character', async () => {
    const made = documents(40);
    for (const { entry, bytes } of await cutCorpus(made, options)) {
      expect(entry.digest).toBe(await digestOf(bytes));
      expect(entry.bytes).toBe(bytes.length);
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      const inside = made.filter(({ text: t }) => text.includes(new TextDecoder().decode(t.subarray(0, 2))));
      const named = [...entry.documents].sort();
      // A shard may begin with the separator that follows a document of the shard before.
      for (const { name } of inside) expect(named).toContain(name);
      expect(named.length - inside.length).toBeLessThanOrEqual(1);
    }
  });

  it('makes shards of nearly one size', async () => {
    const sizes = (await cutCorpus(documents(40), options))
      .filter((shard) => shard.entry.split === 'train')
      .map((shard) => shard.bytes.length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(4);
    expect(Math.abs((sizes[0] ?? 0) - options.shardBytes)).toBeLessThan(50);
  });

  it('refuses two documents of one name', async () => {
    const twice = documents(1);
    await expect(cutCorpus([...twice, ...twice], options)).rejects.toThrow('unique');
  });
});

describe('normalising text', () => {
  it('drops a byte order mark, ends lines with LF and changes nothing else', () => {
    const raw = concatBytes(new Uint8Array([0xef, 0xbb, 0xbf]), utf8('a\r\nb\rc\u0002 \u00e9e\u0301 '));
    expect(normaliseText('t', raw)).toEqual(utf8('a\nb\nc\u0002 \u00e9e\u0301 '));
  });

  it('refuses what is not UTF-8 rather than replace it', () => {
    expect(() => normaliseText('t', new Uint8Array([0x61, 0xff]))).toThrow(StarlingError);
  });
});
