import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { DistroReference } from '../src/strategies/distro-reference.ts';
import { replayFixture } from '../src/strategies/replay-fixture.ts';
import { expect, test } from './swarm-fixture.ts';
import type { replayHere } from './replay/in-page.ts';

const seed = 20261122;

async function bundle(): Promise<string> {
  const output = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      lib: {
        entry: fileURLToPath(new URL('./replay/in-page.ts', import.meta.url)),
        formats: ['iife'],
        name: 'starlingReplay',
      },
    },
  });
  const [first] = Array.isArray(output) ? output : [output];
  if (first === undefined || !('output' in first)) throw new Error('vite built nothing');
  return first.output[0].code;
}

test(`50 records give Chromium the same 32-bit words as the reference in JS (seed ${seed})`, async ({
  swarm,
}) => {
  const { specs, initial, hyper, records } = replayFixture(seed);
  const reference = new DistroReference(specs, initial, hyper);
  const expected = records.map(({ round, contributions }) => {
    reference.apply(round, contributions);
    return { digest: reference.digest(), words: new Uint32Array(reference.values.slice().buffer) };
  });
  const tab = await swarm.open();
  // Not a script element: the page's policy rightly refuses foreign inline scripts.
  await tab.page.evaluate(`${await bundle()}; globalThis.starlingReplay = starlingReplay; undefined`);
  const actual = await tab.page.evaluate(
    (fixtureSeed) =>
      (
        globalThis as unknown as { starlingReplay: { replayHere: typeof replayHere } }
      ).starlingReplay.replayHere(fixtureSeed),
    seed,
  );
  expect(actual.digests).toEqual(expected.map(({ digest }) => digest));
  expect(actual.wordsAfter).toHaveLength(50);
  actual.wordsAfter.forEach((words, record) => {
    const different = words.findIndex((word, index) => word !== expected[record]?.words[index]);
    expect(different, `first differing word after record ${record + 1}`).toBe(-1);
  });
});
