import { fileURLToPath } from 'node:url';
import { expect } from 'playwright/test';
import { runnerImport } from 'vite';
import type * as Expected from './expected.ts';
import type { replayHere } from './in-page.ts';

export const replaySeed = 20261122;

/** What bundleForPage('./replay/in-page.ts', 'starlingReplay') gives a page. */
export type InPage = { starlingReplay: { replayHere: typeof replayHere } };
export type Replay = Awaited<ReturnType<typeof replayHere>>;
type Reference = Awaited<ReturnType<typeof Expected.expectedReplay>>;

/** The replay of `replaySeed` in plain JS. Through vite, because the strategy imports shaders. */
export async function expectedReplay(): Promise<Reference> {
  const file = fileURLToPath(new URL('./expected.ts', import.meta.url));
  const { module } = await runnerImport<typeof Expected>(file, { configFile: false });
  return module.expectedReplay(replaySeed);
}

/** Fails at the first record, and the first word, that differs. */
export function expectSameWords(actual: Replay, expected: Reference): void {
  expect(actual.hashes).toHaveLength(50);
  expect(actual.digests).toEqual(expected.digests);
  expect(actual.hashes).toEqual(expected.hashes);
  expect(actual.words).toHaveLength(expected.words.length);
  expect(actual.words.findIndex((word, index) => word !== expected.words[index])).toBe(-1);
}
