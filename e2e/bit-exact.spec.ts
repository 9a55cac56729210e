import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';
import { bundleForPage } from './bundle.ts';
import { expect, test } from './swarm-fixture.ts';
import type * as Expected from './replay/expected.ts';
import type { replayHere } from './replay/in-page.ts';

const seed = 20261122;

const inFolder = (name: string): string => fileURLToPath(new URL(`./replay/${name}`, import.meta.url));

test(`50 records give Chromium the same 32-bit words as the reference in JS (seed ${seed})`, async ({
  swarm,
}) => {
  // Through vite, because the strategy imports shaders.
  const { module } = await runnerImport<typeof Expected>(inFolder('expected.ts'), { configFile: false });
  const expected = await module.expectedReplay(seed);
  const tab = await swarm.open();
  await tab.page.evaluate(await bundleForPage('./replay/in-page.ts', 'starlingReplay'));
  const actual = await tab.page.evaluate(
    (fixtureSeed) =>
      (
        globalThis as unknown as { starlingReplay: { replayHere: typeof replayHere } }
      ).starlingReplay.replayHere(fixtureSeed),
    seed,
  );
  expect(actual.hashes).toHaveLength(50);
  expect(actual.digests).toEqual(expected.digests);
  expect(actual.hashes).toEqual(expected.hashes);
  expect(actual.words).toHaveLength(expected.words.length);
  expect(actual.words.findIndex((word, index) => word !== expected.words[index])).toBe(-1);
});
