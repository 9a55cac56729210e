import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../base/canonical-json.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { readRunConfig, runIdOf, type RunConfig } from './run-config.ts';
import { planRun } from './run-plan.ts';

const wishes = {
  seed: 1,
  volunteers: 3,
  rounds: 300,
  fixedWork: true,
  founder: 'a'.repeat(32) as PeerId,
  nonce: 'c'.repeat(32),
  corpus: 'b'.repeat(64) as Digest,
};
const nano = planRun({ ...wishes, preset: 'nano' });

test('every preset plans a run that another volunteer reads back as it was', () => {
  for (const preset of ['nano', 'micro', 'small'] as const) {
    for (const rounds of [1, 20, 300, undefined]) {
      const config = planRun({ ...wishes, preset, rounds });
      expect(readRunConfig(canonicalJson(config))).toEqual({ ok: true, value: config });
    }
  }
});

test('a seeded nano run computes 4 sequences of 64 tokens a round, at a learning rate of 2e-3 and a decay of 0.99', () => {
  expect([nano.microBatch, nano.model.context, nano.tokensPerRound]).toEqual([4, 64, 256]);
  expect(nano.strategy.momentumDecayPermille).toBe(990);
  expect(Math.max(...nano.strategy.schedule.map(([, step]) => step)) / 2 ** 22).toBeCloseTo(2e-3, 5);
});

test('the run id does not depend on the order of keys, and changes with any value', async () => {
  const turned = Object.fromEntries(Object.entries(nano).reverse()) as unknown as RunConfig;
  expect(await runIdOf(turned)).toBe(await runIdOf(nano));
  expect(await runIdOf({ ...nano, seed: 2 })).not.toBe(await runIdOf(nano));
  expect(await runIdOf({ ...nano, nonce: 'd'.repeat(32) })).not.toBe(await runIdOf(nano));
});

const refusal = (change: Partial<Record<keyof RunConfig, unknown>>): unknown => {
  const read = readRunConfig(canonicalJson({ ...nano, ...change }));
  return read.ok ? 'accepted' : read.reason;
};

test('a config that could not be trained exactly as meant is refused with a reason', () => {
  expect(refusal({ version: 2 })).toBe('config has the wrong shape');
  expect(refusal({ extra: 1 } as never)).toBe('config has the wrong shape');
  expect(refusal({ founder: 'me' })).toBe('config has the wrong shape');
  expect(refusal({ open: 1 })).toBe('config has the wrong shape');
  expect(refusal({ nonce: 'C'.repeat(32) })).toBe('config has the wrong shape');
  expect(refusal({ model: { ...nano.model, width: 65 } })).toBe('config names a model we cannot train');
  // A byte tokenizer has no word for token 256, and none would be learnt below 255.
  for (const vocabulary of [128, 320])
    expect(refusal({ model: { ...nano.model, vocabulary } })).toBe('config names a model we cannot train');
  expect(refusal({ tokensPerRound: 63 })).toBe('config asks for less than one sequence a round');
  const strategy = (schedule: unknown) => ({ ...nano.strategy, schedule });
  expect(
    refusal({
      strategy: strategy([
        [5, 1],
        [5, 2],
      ]),
    }),
  ).toBe('config has a strategy we cannot run');
  expect(refusal({ strategy: strategy([[0, 1 << 20]]) })).toBe('config has a strategy we cannot run');
  // 256 members of weight 4 with k = 32 could pass the 32,767 votes that apply can sum.
  expect(refusal({ strategy: { ...nano.strategy, k: 31 } })).toBe('accepted');
  expect(refusal({ strategy: { ...nano.strategy, k: 32 } })).toBe('config has a strategy we cannot run');
  expect(readRunConfig('{')).toEqual({ ok: false, reason: 'config is not JSON' });
  expect(readRunConfig('x'.repeat(20_000))).toEqual({ ok: false, reason: 'config too long' });
});

test('no text makes the reader throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc
          .dictionary(fc.constantFrom(...Object.keys(nano)), fc.jsonValue())
          .map((part) => JSON.stringify({ ...nano, ...part })),
      ),
      (text) => {
        const read = readRunConfig(text);
        expect(read.ok || read.reason.length > 0).toBe(true);
      },
    ),
    { numRuns: 2000, seed: 7 },
  );
});
