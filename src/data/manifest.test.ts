import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../base/bytes.ts';
import { digestOf } from '../base/digest.ts';
import {
  canonicalManifest,
  manifestDigest,
  maxManifestBytes,
  parseManifest,
  type CorpusManifest,
} from './manifest.ts';

const manifest = async (): Promise<CorpusManifest> => ({
  version: 1,
  separator: '\n\n',
  notes: ['nothing was changed'],
  sources: [{ name: 'a', package: 'a', packageVersion: '1', licence: 'CC0-1.0', documents: 2, bytes: 30 }],
  shards: [
    { digest: await digestOf(utf8('one')), bytes: 20, split: 'train', documents: ['a/1'] },
    { digest: await digestOf(utf8('two')), bytes: 10, split: 'validation', documents: ['a/2'] },
  ],
  totals: { documents: 2, trainBytes: 20, validationBytes: 10 },
});

describe('the corpus manifest', () => {
  it('comes back from its canonical bytes, and their SHA-256 is the corpus id', async () => {
    const original = await manifest();
    const bytes = canonicalManifest(original);
    expect(parseManifest(bytes)).toEqual({ ok: true, value: original });
    expect(await manifestDigest(original)).toBe(await digestOf(bytes));
  });

  it('has an id that neither key order nor white space changes, and every value does', async () => {
    const original = await manifest();
    const reordered = Object.fromEntries(Object.entries(original).reverse());
    const parsed = parseManifest(utf8(JSON.stringify(reordered, null, 2)));
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(await manifestDigest(parsed.value)).toBe(await manifestDigest(original));
    expect(await manifestDigest({ ...original, separator: '\n' })).not.toBe(await manifestDigest(original));
  });

  it.each<[string, (m: CorpusManifest) => unknown, string]>([
    [
      'totals its shards do not have',
      (m) => ({ ...m, totals: { ...m.totals, trainBytes: 21 } }),
      'manifest totals differ',
    ],
    ['another version', (m) => ({ ...m, version: 2 }), 'manifest has another shape'],
    ['no shards', (m) => ({ ...m, shards: [] }), 'manifest has another shape'],
    [
      'a digest that is a path',
      (m) => ({ ...m, shards: [{ ...m.shards[0], digest: '../../etc/passwd' }] }),
      'manifest has another shape',
    ],
    [
      'a negative size',
      (m) => ({ ...m, shards: [{ ...m.shards[0], bytes: -1 }] }),
      'manifest has another shape',
    ],
    [
      'a shard larger than memory allows',
      (m) => ({ ...m, shards: [{ ...m.shards[0], bytes: 2 ** 40 }] }),
      'manifest has another shape',
    ],
    ['an unknown key', (m) => ({ ...m, extra: 1 }), 'manifest has another shape'],
  ])('is refused with %s', async (_, broken, reason) => {
    expect(parseManifest(utf8(JSON.stringify(broken(await manifest()))))).toEqual({ ok: false, reason });
  });

  it('is refused unread when it is too long', () => {
    expect(parseManifest(new Uint8Array(maxManifestBytes + 1))).toEqual({
      ok: false,
      reason: 'manifest too long',
    });
  });

  it('answers any bytes with a verdict, never an exception (seed 1)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(parseManifest(bytes).ok).toBe(false);
      }),
      { seed: 1, numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(parseManifest(utf8(JSON.stringify(json))).ok).toBe(false);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});
