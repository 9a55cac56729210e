import { expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import type { ModelConfig } from '../model/config.ts';
import { Replica } from '../model/replica.ts';
import { DistroStrategy } from '../strategies/distro.ts';
import { openTestGpu, randomNormal } from '../testing/gpu.ts';

const gpu = await openTestGpu();
const config: ModelConfig = { vocabulary: 192, width: 64, blocks: 1, heads: 8, hidden: 192, context: 24 };
const hyper = { k: 8, momentumDecay: 0.9, schedule: [[0, 8000]], decayPermille: 100, seed: 1 } as const;

const made = () =>
  gpu.prepare('the model', () => {
    const replica = Replica.create(gpu, config, { seed: 1, batch: 3, sequence: 23 });
    return { replica, strategy: new DistroStrategy(replica, hyper) };
  });

/** A round from the same beginning, in which nothing depends on time: every word that comes of it. */
async function round() {
  const random = new SeededRandom(41);
  const { replica, strategy } = await made();
  replica.load(
    randomNormal(random, replica.layout.length, 0.1).map((x) => Math.round(x * 2 ** 20) / 2 ** 20),
  );
  const draw = (): number => random.below(config.vocabulary);
  const ids = Uint32Array.from({ length: 2 * 3 * 23 }, draw);
  const batch = { ids, targets: Uint32Array.from(ids, draw) };
  let dispatches = 0;
  gpu.onDispatch = () => dispatches++;
  replica.beginRound();
  const loss = await replica.forwardBackward(batch);
  const evaluated = await replica.evaluate(batch);
  await strategy.accumulate(0);
  const payload = await strategy.compress(1);
  await strategy.apply(1, strategy.aggregate([{ payload, weight: 3 }]));
  expect(strategy.giveBack(1)).toBe(true);
  const digest = await replica.digest();
  gpu.onDispatch = undefined;
  const gradients = replica.pages.map(({ gradient }) => gradient.values);
  const words = await Promise.all(
    [...gradients, replica.norm, ...strategy.momentum].map((tensor) => gpu.readF32(tensor)),
  );
  const prepared = [...replica.prepared(batch), ...strategy.prepared()];
  replica.close();
  strategy.close();
  return { dispatches, prepared, result: { loss, evaluated, payload, digest, words } };
}

test('a round whose every dispatch is cut makes the same words as one whose none is', async () => {
  const whole = await round();
  expect(whole.result.payload.length).toBeGreaterThan(50);
  const cuttable = new Set<string>();
  for (const { kind, groups, kernel } of whole.prepared) {
    gpu.kernels.parts.set(kind, 3);
    if (groups.some((count) => count > 1)) cuttable.add(kernel);
  }
  const cut = await round();
  expect(cut.result).toEqual(whole.result);
  expect(cut.dispatches).toBeGreaterThan(2 * whole.dispatches);
  expect(cuttable.size).toBeGreaterThan(15);
});

test('to prepare what is timed changes no parameter, and momentum is forgotten after it', async () => {
  const { replica, strategy } = await made();
  const before = await replica.digest();
  const ids = new Uint32Array(3 * 23).map((_, i) => i);
  for (const dispatch of [...replica.prepared({ ids, targets: ids }), ...strategy.prepared()])
    gpu.submit([dispatch]);
  gpu.submit(strategy.prepared());
  expect(await replica.digest()).toBe(before);
  const moved = await Promise.all(strategy.momentum.map((tensor) => gpu.readF32(tensor)));
  expect(moved.some((values) => values.some((value) => value !== 0))).toBe(true);
  strategy.forgetMomentum();
  const forgotten = await Promise.all(strategy.momentum.map((tensor) => gpu.readF32(tensor)));
  expect(forgotten.every((values) => values.every((value) => value === 0))).toBe(true);
  replica.close();
  strategy.close();
});
