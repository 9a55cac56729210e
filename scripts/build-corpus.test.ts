import { describe, expect, it } from 'vitest';
import { digestOf } from '../src/base/digest.ts';
import { assign, validationSamples } from '../src/data/assignment.ts';
import { Corpus } from '../src/data/corpus.ts';
import { canonicalManifest, parseManifest } from '../src/data/manifest.ts';
import { buildCorpus } from './build-corpus.ts';

describe('the corpus built from the installed packages', async () => {
  const built = await buildCorpus();
  const { manifest, shards } = built;

  it('is the same when built again, and its manifest is accepted', async () => {
    const again = await buildCorpus();
    expect(again.id).toBe(built.id);
    expect(parseManifest(canonicalManifest(manifest))).toEqual({ ok: true, value: manifest });
    expect(await digestOf(canonicalManifest(manifest))).toBe(built.id);
  });

  it('holds 233 State of the Union texts and 138 parts of Moby Dick, with their licences', () => {
    expect(manifest.sources.map((source) => source.documents)).toEqual([233, 138]);
    for (const source of manifest.sources) expect(source.licence).toMatch(/Public domain.*CC0-1\.0/);
    const bytes = manifest.sources.reduce((sum, source) => sum + source.bytes, 0);
    const separators = 2 * manifest.totals.documents;
    expect(manifest.totals.trainBytes + manifest.totals.validationBytes).toBe(bytes + separators);
  });

  it('has 4 to 8 % validation text, and no document in both splits', () => {
    const { trainBytes, validationBytes } = manifest.totals;
    expect(validationBytes / (trainBytes + validationBytes)).toBeGreaterThan(0.04);
    expect(validationBytes / (trainBytes + validationBytes)).toBeLessThan(0.08);
    const named = (split: string) =>
      new Set(manifest.shards.filter((s) => s.split === split).flatMap((s) => s.documents));
    const train = named('train');
    expect([...named('validation')].filter((name) => train.has(name))).toEqual([]);
  });

  it('serves assigned samples as UTF-8 text', async () => {
    const byDigest = new Map(shards.map((shard) => [shard.entry.digest, shard.bytes]));
    const corpus = await Corpus.open(canonicalManifest(manifest), built.id, (digest) =>
      Promise.resolve(byDigest.get(digest) ?? new Uint8Array()),
    );
    const of = { seed: 1, sequenceLength: 512, shards: corpus.manifest.shards };
    for (const sample of [
      ...assign({ ...of, round: 0, member: 0, sequences: 4 }),
      ...validationSamples({ ...of, count: 4 }),
    ]) {
      const text = new TextDecoder().decode(await corpus.read(sample));
      expect(text).toMatch(/\b(the|of|and)\b/);
    }
  });
});
