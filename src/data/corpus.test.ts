import { describe, expect, it } from 'vitest';
import { utf8, type Bytes } from '../base/bytes.ts';
import { digestOf } from '../base/digest.ts';
import type { Digest } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import { Corpus } from './corpus.ts';
import { canonicalManifest, manifestDigest, type CorpusManifest } from './manifest.ts';

const seed = 3;

async function world(shardCount = 4, shardBytes = 500) {
  const random = new SeededRandom(seed);
  const shards = Array.from({ length: shardCount }, () =>
    Uint8Array.from({ length: shardBytes }, () => random.below(256)),
  );
  const entries = await Promise.all(
    shards.map(async (bytes) => ({
      digest: await digestOf(bytes),
      bytes: bytes.length,
      split: 'train' as const,
      documents: ['d'],
    })),
  );
  const manifest: CorpusManifest = {
    version: 1,
    separator: '',
    notes: [],
    sources: [],
    shards: entries,
    totals: { documents: 1, trainBytes: shardCount * shardBytes, validationBytes: 0 },
  };
  const store = new Map<Digest, Bytes>(entries.map((entry, i) => [entry.digest, shards[i] ?? utf8('')]));
  const fetched: Digest[] = [];
  const fetchShard = (digest: Digest): Promise<Uint8Array> => {
    fetched.push(digest);
    const bytes = store.get(digest);
    return bytes === undefined ? Promise.reject(new Error('404')) : Promise.resolve(bytes);
  };
  return { manifest, bytes: canonicalManifest(manifest), shards, store, fetched, fetchShard };
}

describe(`the corpus (seed ${seed})`, () => {
  it('reads a sample and fetches only its shard, once', async () => {
    const { bytes, shards, fetched, fetchShard, manifest } = await world();
    const corpus = await Corpus.open(bytes, await manifestDigest(manifest), fetchShard);
    const [a, b] = await Promise.all([
      corpus.read({ shard: 2, offset: 10, length: 5 }),
      corpus.read({ shard: 2, offset: 495, length: 5 }),
    ]);
    expect(a).toEqual(shards[2]?.slice(10, 15));
    expect(b).toEqual(shards[2]?.slice(495));
    expect(fetched).toEqual([manifest.shards[2]?.digest]);
    expect(corpus.bytesFetched).toBe(500);
  });

  it('hands out copies: writing to a sample changes no later read', async () => {
    const { bytes, shards, fetchShard } = await world();
    const corpus = await Corpus.open(bytes, undefined, fetchShard);
    (await corpus.read({ shard: 0, offset: 0, length: 3 })).fill(0);
    expect(await corpus.read({ shard: 0, offset: 0, length: 3 })).toEqual(shards[0]?.slice(0, 3));
  });

  it('fetches a damaged shard once more and uses the good bytes', async () => {
    const { bytes, shards, fetched, fetchShard } = await world();
    const corpus = await Corpus.open(bytes, undefined, async (digest) => {
      const good = await fetchShard(digest);
      return fetched.length === 1 ? good.map((byte) => byte ^ 1) : good;
    });
    expect(await corpus.read({ shard: 1, offset: 0, length: 500 })).toEqual(shards[1]);
    expect(corpus.bytesFetched).toBe(1000);
  });

  it('gives up on a shard that is damaged twice, says what to do, and asks again on the next read', async () => {
    const { bytes, fetched, fetchShard, store, manifest, shards } = await world();
    const digest = manifest.shards[0]?.digest;
    store.set(digest, utf8('not the text'));
    const corpus = await Corpus.open(bytes, undefined, fetchShard);
    const sample = { shard: 0, offset: 0, length: 1 };
    await expect(corpus.read(sample)).rejects.toMatchObject({
      code: 'shard-corrupt',
      fix: expect.stringContaining('npm run corpus') as string,
    });
    expect(fetched.length).toBe(2);
    expect(corpus.bytesHeld).toBe(0);
    store.set(digest, shards[0]);
    expect(await corpus.read(sample)).toEqual(shards[0]?.slice(0, 1));
  });

  it('reports a shard that cannot be fetched', async () => {
    const { bytes, fetchShard, store, fetched } = await world();
    store.clear();
    const corpus = await Corpus.open(bytes, undefined, fetchShard);
    await expect(corpus.read({ shard: 0, offset: 0, length: 1 })).rejects.toMatchObject({
      code: 'shard-unreachable',
    });
    expect(fetched.length).toBe(2);
  });

  it('holds no more bytes than its bound and drops the shard used longest ago', async () => {
    const { bytes, fetchShard, fetched, manifest } = await world(4, 500);
    const corpus = await Corpus.open(bytes, undefined, fetchShard, { cacheBytes: 1000 });
    const read = (shard: number) => corpus.read({ shard, offset: 0, length: 1 });
    await read(0);
    await read(1);
    await read(0);
    await read(2); // drops 1
    expect(corpus.bytesHeld).toBe(1000);
    await read(0);
    expect(fetched.length).toBe(3);
    await read(1);
    expect(fetched.map((digest) => manifest.shards.findIndex((s) => s.digest === digest))).toEqual([
      0, 1, 2, 1,
    ]);
  });

  it('has a prefetched shard ready, and a failed prefetch shows only when it is read', async () => {
    const { bytes, fetchShard, fetched, store, manifest } = await world();
    store.delete(manifest.shards[1]?.digest);
    const corpus = await Corpus.open(bytes, undefined, fetchShard);
    await corpus.prefetch([0, 0, 1].map((shard) => ({ shard, offset: 0, length: 1 })));
    expect(fetched.length).toBe(3); // shard 0 once, shard 1 twice
    await corpus.read({ shard: 0, offset: 0, length: 1 });
    expect(fetched.length).toBe(3);
    await expect(corpus.read({ shard: 1, offset: 0, length: 1 })).rejects.toMatchObject({
      code: 'shard-unreachable',
    });
  });

  it('refuses a manifest that is malformed or not the one the run names', async () => {
    const { bytes, fetchShard } = await world();
    await expect(Corpus.open(utf8('{}'), undefined, fetchShard)).rejects.toMatchObject({
      code: 'corpus-manifest',
    });
    await expect(Corpus.open(bytes, await digestOf(utf8('other')), fetchShard)).rejects.toMatchObject({
      code: 'corpus-differs',
    });
  });

  it('never reads across the end of a shard', async () => {
    const { bytes, fetchShard } = await world();
    const corpus = await Corpus.open(bytes, undefined, fetchShard);
    await expect(corpus.read({ shard: 0, offset: 499, length: 2 })).rejects.toThrow('inside its shard');
  });
});
