import { expect, test } from 'vitest';
import { canonicalJson } from '../base/canonical-json.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import type { Announcements } from '../swarm/announcements.ts';
import { planRun } from '../volunteer/run-plan.ts';
import { toRunView, viewFrom } from './run-view.ts';

const configBy = (founder: string, seed: number) =>
  planRun({
    ...{ preset: 'nano', seed, volunteers: 1, rounds: 10, fixedWork: true, k: 8, ratePercent: 100 },
    ...{ founder: founder.repeat(32) as PeerId, nonce: '0'.repeat(32), corpus: 'c'.repeat(64) as Digest },
    ...{ open: true, start: undefined },
  });
const [mine, theirs] = [configBy('a', 1), configBy('b', 2)];
const own = { config: mine, text: canonicalJson(mine) };
const sample = { round: 3, text: 'the', by: 'b'.repeat(32) as PeerId };
const announcing = (config: typeof mine): Announcements =>
  ({
    ...{ config: canonicalJson(config), connected: true, signaling: true, presences: [], rejections: {} },
    ...{ records: [{ round: 3 }], curve: [{ round: 3, train: 5 }], sample, documentBytes: 100 },
  }) as unknown as Announcements;

test('a page at work shows its own run, and nothing of another that someone announces', () => {
  const view = viewFrom(announcing(theirs), theirs, own);
  expect(view.run).toMatchObject({ seed: 1, startedBy: 'a'.repeat(32) });
  expect([view.records, view.curve, view.sample]).toEqual([[], [], undefined]);
});

test('of its own run it shows what is announced, and a page that watches shows any', () => {
  expect(viewFrom(announcing(mine), mine, own)).toEqual(toRunView(announcing(mine), mine));
  expect(toRunView(announcing(theirs), theirs)).toMatchObject({ run: { seed: 2 }, sample });
});
