import { bundleForPage } from './bundle.ts';
import { expectedReplay, expectSameWords, replaySeed, type InPage } from './replay/compare.ts';
import { test } from './swarm-fixture.ts';

test(`50 records give Chromium the same 32-bit words as the reference in JS (seed ${replaySeed})`, async ({
  swarm,
}) => {
  const expected = await expectedReplay();
  const tab = await swarm.open();
  await tab.page.evaluate(await bundleForPage('./replay/in-page.ts', 'starlingReplay'));
  const actual = await tab.page.evaluate(
    (seed) => (globalThis as unknown as InPage).starlingReplay.replayHere(seed),
    replaySeed,
  );
  expectSameWords(actual, expected);
});
