import { describe, expect, it, vi } from 'vitest';
import { equalBytes, utf8, type Bytes } from '../base/bytes.ts';
import { ManualClock } from '../base/clock.ts';
import { digestOf } from '../base/digest.ts';
import { StarlingError } from '../base/errors.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import { Corpus } from '../data/corpus.ts';
import { canonicalManifest, type CorpusManifest } from '../data/manifest.ts';
import { cutOwnText, manifestBlob, type OwnText } from '../data/own-text.ts';
import { encodeBlobMessage } from '../swarm/blob-codec.ts';
import { MemoryNetwork } from '../swarm/memory-transport.ts';
import type { TransportEvent } from '../swarm/transport.ts';
import { presets } from '../model/config.ts';
import { initialParameters } from '../model/parameters.ts';
import type { Platform } from '../volunteer/platform.ts';
import type { Fetching } from '../volunteer/status.ts';
import { cutStart, type RunStart } from '../volunteer/start-weights.ts';
import { memoryTextShelf, readShelvedText, textsToDrop, type TextShelf } from './own-text-shelf.ts';
import { openRunText, ownManifest } from './own-text-source.ts';

const id = (n: number): PeerId => n.toString(16).padStart(32, '0') as PeerId;

async function textOf(seed: number, length: number): Promise<OwnText> {
  const random = new SeededRandom(seed);
  let text = '';
  while (text.length < length)
    text += `${random.u32()} ${random.u32()}${random.below(9) === 0 ? '\n\n' : ' '}`;
  const outcome = await cutOwnText([{ name: 'a.txt', bytes: utf8(text) }]);
  if (!outcome.ok) throw new Error(outcome.problem.kind);
  return outcome.value;
}

const blobsOf = (text: OwnText): Map<Digest, Bytes> =>
  new Map<Digest, Bytes>([
    [text.id, manifestBlob(text)],
    ...text.shards.map(({ entry, bytes }) => [entry.digest, bytes] as const),
  ]);

type Server = (name: string) => Promise<Bytes>;
const down: Server = () =>
  Promise.reject(new StarlingError('corpus-unreachable', 'No answer.', 'Check the connection.'));
const offering =
  (text: OwnText): Server =>
  (name) => {
    const digest = name === 'manifest.json' ? text.id : (name.replace('.bin', '') as Digest);
    const found = blobsOf(text).get(digest);
    return found === undefined ? down(name) : Promise.resolve(found);
  };

class World {
  readonly clock = new ManualClock();
  readonly network = new MemoryNetwork({
    clock: this.clock,
    random: new SeededRandom(1),
    delayMs: [1, 40],
  });

  join(
    n: number,
    corpus: Digest,
    server: Server,
    shelf: TextShelf = memoryTextShelf(),
    start?: RunStart,
  ): ReturnType<typeof openRunText> & { readonly heard: TransportEvent[]; shelf: TextShelf } {
    const transport = this.network.create(id(n));
    const text = openRunText({
      transport,
      clock: this.clock,
      config: { corpus, ...(start && { start }) },
      server,
      shelf,
    });
    const heard: TransportEvent[] = [];
    text.transport.listen((event) => heard.push(event));
    return { ...text, heard, shelf };
  }

  async until<T>(promise: Promise<T>, mostMs = 200_000): Promise<T> {
    let over = false;
    const end = (): void => {
      over = true;
    };
    promise.then(end, end);
    for (let ms = 0; !over && ms < mostMs; ms += 100) {
      this.clock.advance(100);
      // Hashing takes real time.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (!over) throw new Error(`not over in ${mostMs} ms`);
    return promise;
  }
}

async function openAll({ fetchCorpus }: Pick<Platform, 'fetchCorpus'>, corpus: Digest): Promise<string> {
  const opened = await Corpus.open(await fetchCorpus('manifest.json'), corpus, (digest) =>
    fetchCorpus(`${digest}.bin`),
  );
  const parts: string[] = [];
  for (const [shard, { bytes }] of opened.manifest.shards.entries())
    parts.push(new TextDecoder().decode(await opened.read({ shard, offset: 0, length: bytes })));
  return parts.join('');
}

const whole = (text: OwnText): string =>
  text.shards.map(({ bytes }) => new TextDecoder().decode(bytes)).join('');

describe("a run's text", async () => {
  const [own, builtIn] = await Promise.all([textOf(1, 700_000), textOf(2, 60_000)]);

  async function starter(world: World, n: number): Promise<ReturnType<World['join']>> {
    const shelf = memoryTextShelf();
    await shelf.put(own.id, blobsOf(own));
    return world.join(n, own.id, offering(builtIn), shelf);
  }

  it('comes from the server where the run is on its text', async () => {
    const world = new World();
    const joined = world.join(1, builtIn.id, offering(builtIn));
    expect(await world.until(openAll(joined, builtIn.id))).toBe(whole(builtIn));
    expect(joined.servedBytes()).toBeGreaterThanOrEqual(60_000);
  });

  it('comes from this browser after a reload of the one that brought it, even without server or peers', async () => {
    const world = new World();
    const shelf = memoryTextShelf();
    await shelf.put(own.id, blobsOf(own));
    const back = world.join(1, own.id, down, shelf);
    expect(await world.until(openAll(back, own.id))).toBe(whole(own));
    expect(back.servedBytes()).toBe(0);
  });

  it('comes from others, who then have all of it and hand it on when the starter is gone', async () => {
    const world = new World();
    await starter(world, 1);
    const second = world.join(2, own.id, offering(builtIn));
    // It reads the manifest only: the rest comes by itself.
    await world.until(second.fetchCorpus('manifest.json'));
    const kept = async (): Promise<number> => (await second.shelf.digests(own.id)).size;
    for (let ms = 0; (await kept()) <= own.shards.length && ms < 100_000; ms += 250) {
      world.clock.advance(250);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(await kept()).toBe(own.shards.length + 1);
    world.network.vanish(id(1));
    const third = world.join(3, own.id, offering(builtIn));
    expect(await world.until(openAll(third, own.id))).toBe(whole(own));
    expect(third.heard.filter(({ kind }) => kind === 'rejected')).toEqual([]);
    // The server's own manifest was asked for, and nothing else of it.
    const manifest = (await offering(builtIn)('manifest.json')).length;
    expect([second.servedBytes(), third.servedBytes()]).toEqual([manifest, manifest]);
  });

  it('comes also where this browser keeps nothing, or kept something else', async () => {
    const world = new World();
    await starter(world, 1);
    const broken = (): Promise<never> => Promise.reject(new Error('no storage'));
    const second = world.join(2, own.id, down, { get: broken, digests: broken, put: broken });
    expect(await world.until(openAll(second, own.id))).toBe(whole(own));
    const shelf = memoryTextShelf();
    await shelf.put(own.id, new Map([...blobsOf(own).keys()].map((digest) => [digest, utf8('false')])));
    const third = world.join(3, own.id, down, shelf);
    expect(await world.until(openAll(third, own.id))).toBe(whole(own));
  });

  it('has the weights it starts from beside it, which come and are handed on in the same way', async () => {
    const world = new World();
    const parameters: Bytes = new Uint8Array(initialParameters(presets.nano, 5).slice().buffer);
    const { start, blobs } = await cutStart(parameters);
    const shelf = memoryTextShelf();
    await shelf.put(start.root, blobs);
    world.join(1, builtIn.id, offering(builtIn), shelf, start);
    const second = world.join(2, builtIn.id, offering(builtIn), undefined, start);
    expect(equalBytes(await world.until(second.fetchStart(start)), parameters)).toBe(true);
    world.network.vanish(id(1));
    const third = world.join(3, builtIn.id, offering(builtIn), undefined, start);
    expect(equalBytes(await world.until(third.fetchStart(start)), parameters)).toBe(true);
    world.network.vanish(id(2));
    world.network.vanish(id(3));
    const left = world.join(5, builtIn.id, offering(builtIn), undefined, start);
    const enough = AbortSignal.abort();
    world.join(6, builtIn.id, offering(builtIn), shelf, start);
    await expect(world.until(left.fetchStart(start, enough))).rejects.toMatchObject({
      code: 'start-not-needed',
    });
    world.network.vanish(id(5));
    world.network.vanish(id(6));
    const alone = world.join(4, builtIn.id, offering(builtIn), undefined, start);
    await expect(world.until(alone.fetchStart(start))).rejects.toMatchObject({ code: 'start-nowhere' });
  });

  it('is not given to who asks in another run', async () => {
    const world = new World();
    const shelf = memoryTextShelf();
    await shelf.put(own.id, blobsOf(own));
    world.join(1, builtIn.id, offering(builtIn), shelf);
    const asking = world.join(2, own.id, offering(builtIn));
    await expect(world.until(openAll(asking, own.id))).rejects.toMatchObject({ code: 'text-nowhere' });
  });

  it('says why it does not come', async () => {
    const world = new World();
    const alone = world.join(1, own.id, offering(builtIn));
    await expect(world.until(alone.fetchCorpus('manifest.json'))).rejects.toMatchObject({
      code: 'text-nowhere',
    });
    const cut = world.join(2, own.id, down);
    await expect(world.until(cut.fetchCorpus('manifest.json'))).rejects.toMatchObject({
      code: 'corpus-unreachable',
    });
    const gone = world.join(3, own.id, offering(builtIn));
    const waiting = gone.fetchCorpus('manifest.json');
    await new Promise((resolve) => setTimeout(resolve, 5));
    gone.transport.close();
    await expect(world.until(waiting)).rejects.toMatchObject({ code: 'blob-closed' });
  });

  it('comes from the server also where that was silent at first, and meanwhile it is said what is waited for', async () => {
    const world = new World();
    let answers = false;
    const joined = world.join(1, builtIn.id, (name) => (answers ? offering(builtIn)(name) : down(name)));
    const told: (string | undefined)[] = [];
    joined.onFetching((fetching) => told.push(fetching && (fetching.stuck ?? 'no reason')));
    const opened = openAll(joined, builtIn.id);
    for (let s = 0; s < 9; s++) {
      world.clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(told.at(-1)).toBe('server');
    answers = true;
    expect(await world.until(opened)).toBe(whole(builtIn));
    expect(told.at(-1)).toBeUndefined();
  });

  it('comes from the others where the server never answers', async () => {
    const world = new World();
    await starter(world, 1);
    const joined = world.join(2, own.id, () => new Promise(() => undefined));
    expect(await world.until(openAll(joined, own.id))).toBe(whole(own));
  });

  it('is told in bytes of bytes, and not fetched ahead while data is spared', async () => {
    const world = new World();
    await starter(world, 1);
    let may = false;
    const transport = world.network.create(id(2));
    const shelf = memoryTextShelf();
    const joined = openRunText({
      ...{ transport, clock: world.clock, config: { corpus: own.id }, server: offering(builtIn), shelf },
      mayFetchAhead: () => may,
    });
    const told: (Fetching | undefined)[] = [];
    joined.onFetching((fetching) => told.push(fetching));
    await world.until(joined.fetchCorpus('manifest.json'));
    const pass = async (seconds: number): Promise<void> => {
      for (let s = 0; s < 4 * seconds; s++) {
        world.clock.advance(250);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    await pass(5);
    expect((await shelf.digests(own.id)).size).toBe(1);
    may = true;
    await pass(40);
    expect((await shelf.digests(own.id)).size).toBe(own.shards.length + 1);
    const all = own.shards.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(told.some((one) => one?.totalBytes === all && one.bytes > 0 && one.bytes < all)).toBe(true);
    expect(told.at(-1)).toBeUndefined();
  });

  it('is refused where a run asks everybody to hold more than anyone should', async () => {
    const shard = {
      digest: await digestOf(utf8('a')),
      bytes: 256 << 10,
      split: 'train',
      documents: [],
    } as const;
    const of = (shards: CorpusManifest['shards']): Bytes =>
      canonicalManifest({
        ...{ version: 1, separator: '', notes: [], sources: [], shards },
        totals: {
          documents: 0,
          trainBytes: shards.reduce((sum, { bytes }) => sum + bytes, 0),
          validationBytes: 0,
        },
      });
    expect(ownManifest(of([shard])).shards.length).toBe(1);
    for (const [bytes, why] of [
      [of([{ ...shard, bytes: 300 << 10 }]), 'parts is too long'],
      [of(Array<typeof shard>(200).fill(shard)), 'it is too long'],
      [utf8('{'), 'not JSON'],
    ] as const)
      expect(() => ownManifest(bytes)).toThrow(why);
  });
});

describe('what others ask for', async () => {
  const own = await textOf(1, 200_000);

  async function giver() {
    const world = new World();
    const kept = memoryTextShelf();
    await kept.put(own.id, blobsOf(own));
    const shelf = { get: vi.fn(kept.get), digests: vi.fn(kept.digests), put: vi.fn(kept.put) };
    const start = { root: 'd'.repeat(64) as Digest, state: 'e'.repeat(32), bytes: 4 } as RunStart;
    world.join(1, own.id, down, shelf, start);
    const asker = world.network.create(id(2));
    world.clock.advance(200);
    const ask = (digest: Digest): Promise<void> => {
      asker.send(id(1), encodeBlobMessage({ kind: 'want-blob', digest }));
      world.clock.advance(200);
      return new Promise((resolve) => setTimeout(resolve, 5));
    };
    return { shelf, ask, start };
  }

  it('is not looked for where the shelf does not list it', async () => {
    const { shelf, ask } = await giver();
    for (let n = 0; n < 20; n++) await ask(n.toString(16).padStart(64, '0') as Digest);
    expect(shelf.get).not.toHaveBeenCalled();
    expect(shelf.digests).toHaveBeenCalledTimes(2);
    await ask(own.id);
    expect(shelf.get).toHaveBeenCalledTimes(1);
  });

  it('is marked as used, now and then, with all that the run is made of', async () => {
    const { shelf, ask, start } = await giver();
    for (let n = 0; n < 3; n++) await ask(own.id);
    const both = [own.id, start.root];
    expect(shelf.put.mock.calls).toEqual(both.map((collection) => [collection, new Map(), both]));
  });
});

describe('the shelf of texts', () => {
  const text = (name: string, bytes: number, usedMs: number) => ({ corpus: name as Digest, bytes, usedMs });

  it('drops those used longest ago until the rest fits, and never the one in use', () => {
    const texts = [text('a', 40, 3), text('b', 40, 1), text('c', 40, 2)];
    expect(textsToDrop(texts, ['a' as Digest], 120)).toEqual([]);
    expect(textsToDrop(texts, ['a' as Digest], 100)).toEqual(['b']);
    expect(textsToDrop(texts, ['b' as Digest], 50)).toEqual(['c', 'a']);
    expect(textsToDrop(texts, ['b' as Digest], 10)).toEqual(['c', 'a']);
    expect(textsToDrop(texts, ['b' as Digest, 'c' as Digest], 10)).toEqual(['a']);
  });

  it('reads back only what it wrote', () => {
    expect(readShelvedText('a', { bytes: 1, usedMs: 2 })).toEqual({ corpus: 'a', bytes: 1, usedMs: 2 });
    for (const value of [undefined, null, 7, {}, { bytes: -1, usedMs: 0 }, { bytes: NaN, usedMs: 1 }])
      expect(readShelvedText('a', value)).toBeUndefined();
    expect(readShelvedText(7, { bytes: 1, usedMs: 2 })).toBeUndefined();
  });
});
