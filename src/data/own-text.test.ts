import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, utf8, type Bytes } from '../base/bytes.ts';
import { SeededRandom } from '../base/random.ts';
import { presets } from '../model/config.ts';
import { assign, validationSamples } from './assignment.ts';
import { Corpus } from './corpus.ts';
import { canonicalManifest, parseManifest } from './manifest.ts';
import { ownTextLimits } from './own-text-limits.ts';
import { cutOwnText, manifestBlob, type OwnText, type TextProgress } from './own-text.ts';
import { sectionsOf } from './sections.ts';

const decode = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

/** Paragraphs of words, some of them not ASCII. */
function prose(seed: number, length: number): string {
  const random = new SeededRandom(seed);
  const words = ['whale', 'sea', 'éclair', 'ship', 'Москва', 'and', 'the', '鯨', 'of'];
  let text = '';
  while (text.length < length) {
    const sentence = Array.from({ length: 5 + random.below(20) }, () => words[random.below(words.length)]);
    text += `${sentence.join(' ')} ${random.u32()}.${random.below(4) === 0 ? '\n\n' : ' '}`;
  }
  return text;
}

const file = (name: string, text: string | Bytes) => ({
  name,
  bytes: typeof text === 'string' ? utf8(text) : text,
});

async function cut(...files: readonly { name: string; bytes: Uint8Array }[]): Promise<OwnText> {
  const outcome = await cutOwnText(files);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.problem));
  return outcome.value;
}

describe("one's own text as a corpus", () => {
  it.each([
    [1, ownTextLimits.leastBytes + 300],
    [2, 30_000],
    [3, 200_000],
    [4, 2_000_000],
  ])(
    'can be trained and validated on at every size of model (seed %i, %i characters)',
    async (seed, length) => {
      const text = await cut(file('a.txt', prose(seed, length)));
      expect(parseManifest(manifestBlob(text))).toEqual({ ok: true, value: text.manifest });
      const byDigest = new Map(text.shards.map(({ entry, bytes }) => [entry.digest, bytes]));
      const corpus = await Corpus.open(canonicalManifest(text.manifest), text.id, (digest) =>
        Promise.resolve(byDigest.get(digest) ?? new Uint8Array()),
      );
      for (const { context } of Object.values(presets)) {
        const of = { seed: 1, sequenceLength: context, shards: corpus.manifest.shards };
        for (const sample of [
          ...assign({ ...of, round: 3, member: 9, sequences: 4 }),
          ...validationSamples({ ...of, count: 8 }),
        ])
          expect((await corpus.read(sample)).length).toBe(context + 1);
      }
      const { trainBytes, validationBytes } = text.manifest.totals;
      const share = validationBytes / (trainBytes + validationBytes);
      expect(share).toBeGreaterThan(0.03);
      expect(share).toBeLessThan(0.45);
      if (length > 100_000) expect(share).toBeLessThan(0.1);
    },
  );

  it('keeps every paragraph, in one split only, and says nothing of file names', async () => {
    const written = prose(5, 120_000);
    const text = await cut(file('my diary.txt', written));
    const joined = text.shards.map(({ bytes }) => decode(bytes)).join('');
    for (const paragraph of written.split('\n\n').filter((one) => one.length > 0 && one.length < 1_000))
      expect(joined.includes(paragraph.slice(0, 40))).toBe(true);
    expect(decode(manifestBlob(text))).not.toContain('diary');
    const of = (split: string) =>
      new Set(text.manifest.shards.filter((s) => s.split === split).flatMap((s) => s.documents));
    expect([...of('validation')].filter((name) => of('train').has(name))).toEqual([]);
  });

  it('has the same id whatever its files are called, in whatever order and line ends they come', async () => {
    const [one, two] = [prose(6, 30_000), prose(7, 30_000)];
    const { id } = await cut(file('a', one), file('b', two));
    expect((await cut(file('x', two), file('y', one.replaceAll('\n', '\r\n')))).id).toBe(id);
    expect((await cut(file('a', `${one}!`), file('b', two))).id).not.toBe(id);
  });

  it('takes a text that is given twice once', async () => {
    const one = prose(8, 40_000);
    const once = await cut(file('a', one));
    const twice = await cut(file('a', one), file('b', one));
    // Longer in all, so cut into longer sections: compared by what is in it.
    expect(twice.manifest.totals.trainBytes).toBeLessThan(1.2 * once.manifest.totals.trainBytes);
  });

  it('says how far it is', async () => {
    const said: TextProgress[] = [];
    await cutOwnText([file('a', prose(9, 20_000)), file('b', prose(10, 20_000))], (one) => said.push(one));
    expect(said.map(({ step }) => step)).toEqual(['read', 'read', 'cut', 'cut']);
    expect(said.every(({ done, total }) => done >= 0 && done <= total)).toBe(true);
  });

  const long = prose(11, 20_000);
  it.each([
    ['nothing', [], { kind: 'no-files' }],
    ['too little', [file('a', 'Call me Ishmael.')], { kind: 'too-short', bytes: 16 }],
    ['only empty lines', [file('a', '\n'.repeat(20_000))], { kind: 'too-short', bytes: 0 }],
    [
      'a picture',
      [
        file(
          'p',
          new Uint8Array(20_000).map((_, i) => i * 7),
        ),
      ],
      { looks: 'binary' },
    ],
    ['zeros', [file('z', `${long}\0`)], { looks: 'binary' }],
    ['control characters', [file('z', long + '\u0001'.repeat(300))], { looks: 'binary' }],
    ['UTF-16', [file('u', concatBytes(Uint8Array.of(0xff, 0xfe), utf8(long)))], { looks: 'utf-16' }],
    ['a PDF', [file('d', `%PDF-1.7 ${long}`)], { looks: 'document' }],
    [
      'an e-book',
      [file('d', concatBytes(Uint8Array.of(0x50, 0x4b, 3, 4), utf8(long)))],
      { looks: 'document' },
    ],
    [
      'too many',
      Array.from({ length: ownTextLimits.files + 1 }, () => file('a', '')),
      { kind: 'too-many-files' },
    ],
    [
      'too much',
      [file('a', new Uint8Array(ownTextLimits.mostBytes + 1))],
      { kind: 'too-long', bytes: ownTextLimits.mostBytes + 1 },
    ],
  ])('is refused where it is %s', async (_, files, problem) => {
    const outcome = await cutOwnText(files);
    expect(outcome).toMatchObject({ ok: false, problem });
  });

  it('is judged without a throw, whatever is in the file (seed 3)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ minLength: 0, maxLength: 400 }),
          fc.string({ unit: 'binary', maxLength: 300 }).map((text) => utf8(text)),
        ),
        fc.integer({ min: 1, max: 120 }),
        async (bytes, times) => {
          const outcome = await cutOwnText([
            { name: 'f', bytes: concatBytes(...Array<Uint8Array>(times).fill(bytes)) },
          ]);
          if (outcome.ok) expect(parseManifest(manifestBlob(outcome.value)).ok).toBe(true);
        },
      ),
      { seed: 3, numRuns: 60 },
    );
  });
});

describe('sections', () => {
  it('are whole characters, at most as long as asked, and all of the text but empty lines (seed 5)', () => {
    const text = fc.array(fc.constantFrom('a', 'é', '鯨', ' ', '\n', '\n\n', 'word ', '🐦'), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(text, fc.integer({ min: 8, max: 64 }), (parts, longest) => {
        const whole = parts.join('');
        const sections = sectionsOf(utf8(whole), longest);
        for (const section of sections) {
          expect(section.length).toBeLessThanOrEqual(longest);
          expect(decode(section)).toMatch(/^[^\n]/);
          expect(decode(section)).toMatch(/[^\n]$/);
        }
        const plain = (one: string): string => one.replaceAll('\n', '');
        expect(plain(sections.map(decode).join(''))).toBe(plain(whole));
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  it('end where paragraphs end, else lines, else words', () => {
    const cutAt = (text: string): string[] => sectionsOf(utf8(text), 10).map(decode);
    expect(cutAt('abcdef\n\nghijkl')).toEqual(['abcdef', 'ghijkl']);
    expect(cutAt('abcdef\nghi jkl')).toEqual(['abcdef', 'ghi jkl']);
    expect(cutAt('abcdef ghijkl')).toEqual(['abcdef ', 'ghijkl']);
    expect(cutAt('abcdefghijklm')).toEqual(['abcdefghij', 'klm']);
  });
});
