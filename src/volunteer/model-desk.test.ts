import { expect, test, vi } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import type { RunId } from '../base/ids.ts';
import { lossesAt, ModelDesk, type DeskSource } from './model-desk.ts';
import type { PromptRequest } from './prompt-request.ts';
import type { RunConfig } from './run-config.ts';
import type { VolunteerStatus } from './status.ts';

const records = [
  { round: 40, train: 2.5, validation: 2.6 },
  { round: 41, train: 2.4, validation: undefined },
  { round: 42, train: 2.3, validation: 2.2 },
] as unknown as VolunteerStatus['records'];

test('a model taken home has the losses of its round, not of the newest one', () => {
  const status = { records, validationLoss: 2.1 };
  expect(lossesAt(41, status)).toEqual({ trainLoss: 2.4, validationLoss: 2.6 });
  // After the last round the whole validation set is measured.
  expect(lossesAt(42, status)).toEqual({ trainLoss: 2.3, validationLoss: 2.1 });
  // Records of early rounds are not kept for ever.
  expect(lossesAt(39, status)).toEqual({ trainLoss: undefined, validationLoss: undefined });
});

test('a desk says of every round whether it gave the GPU work beside it', async () => {
  let lose = (): void => undefined;
  const lost = new Promise<never>((_, reject) => {
    lose = () => reject(new Error('lost'));
  });
  const replica = { snapshot: () => lost, digest: () => lost };
  const source = {
    standing: () => ({ replica, at: { round: 42, state: '' } }),
    status: () => ({ records, validationLoss: undefined }),
  };
  const desk = new ModelDesk(
    new ManualClock(),
    {} as RunConfig,
    'r'.repeat(64) as RunId,
    source as unknown as DeskSource,
  );
  expect(desk.takeUse()).toBe(false);
  const taken = desk.takeHome('F32', 0);
  expect([desk.takeUse(), desk.takeUse()]).toEqual([true, true]);
  lose();
  await expect(taken).rejects.toThrow('lost');
  expect([desk.takeUse(), desk.takeUse()]).toEqual([true, false]);
  const states: string[] = [];
  desk.write({} as PromptRequest, ({ state }) => states.push(state));
  await vi.waitFor(() => expect(states).toEqual(['failed']));
  expect([desk.takeUse(), desk.takeUse()]).toEqual([true, false]);
});
