import { describe, expect, test, vi } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import type { PeerId } from '../base/ids.ts';
import { Corpus } from '../data/corpus.ts';
import { byteTokenizer } from '../data/tokenizer.ts';
import { toyCorpus } from '../testing/gpu-swarm.ts';
import { toyConfig } from '../testing/toy-run.ts';
import { DutyCycle } from './duty-cycle.ts';
import { Phases } from './phases.ts';
import { planRun } from './run-plan.ts';
import { trainRound, type Part, type Street } from './train-round.ts';
import { ValidationSet } from './validation.ts';

const self = 'a'.repeat(32) as PeerId;
const microBatchMs = 1_000;

/** A street on which nothing is computed: what a round asks for, in order, and what was refused of it. */
async function fakeStreet() {
  const { id, files } = await toyCorpus();
  const bytesOf = (name: string) => files.get(name) ?? new Uint8Array();
  const corpus = await Corpus.open(bytesOf('manifest.json'), id, (digest) =>
    Promise.resolve(bytesOf(`${digest}.bin`)),
  );
  const planned = planRun({
    ...{ preset: 'nano', seed: 3, volunteers: 1, rounds: undefined, fixedWork: true, founder: self },
    ...{ nonce: '0'.repeat(32), corpus: id },
  });
  const config = { ...toyConfig(planned), tokensPerRound: 128 }; // four micro-batches
  const clock = new ManualClock();
  const asked: string[] = [];
  let busyMs = 0;
  const duty = new DutyCycle(clock, () => busyMs);
  /** Called when this is asked for. */
  const on = new Map<string, () => void>();
  const ask = <T>(what: string, answer: T): Promise<T> => {
    asked.push(what);
    on.get(what)?.();
    return Promise.resolve(answer);
  };
  const care = {
    refusals: 0,
    check: () => undefined,
    withheld: (round: number) => void ask(`withheld ${round}`, undefined),
    duty,
  };
  const record = { round: 7, digest: 'r', contributions: [] };
  const fakes = {
    replica: {
      ...{ batch: 2, sequence: 16 },
      beginRound: () => undefined,
      forwardBackward: () => {
        clock.advance(microBatchMs);
        busyMs += microBatchMs;
        return ask('learn', 2);
      },
      evaluate: () => ask('evaluate', 2),
      gradientNorm: () => Promise.resolve(1.5),
      digest: () => ask('digest', '0'.repeat(32)),
    },
    strategy: {
      compress: () => ask('compress', new Uint8Array(3)),
      accumulate: () => ask('accumulate', undefined),
      giveBack: () => void ask('give back', true),
      forget: () => void ask('forget', true),
      aggregate: () => undefined,
      apply: () => ask('apply', undefined),
    },
    swarm: {
      ...{ self, membersOf: () => [self] },
      publish: () => ask('publish', true),
      agree: () => ask('agree', { record, contributions: [], bodiesAtMs: 0 }),
      confirm: () => ask('confirm', undefined),
    },
  };
  const street = {
    ...{ config, corpus, tokenizer: byteTokenizer, clock, care, phases: new Phases(clock) },
    ...fakes,
    validation: new ValidationSet(config, corpus, byteTokenizer),
  } as unknown as Street;
  const over = new AbortController();
  const train = (kind: Part['kind'] = 'contribute') =>
    trainRound(street, 7, kind === 'follow' ? { kind } : { kind, member: 0 }, {
      over: over.signal,
      waiting: () => undefined,
    });
  return { street, clock, duty, asked, on, over, care, train };
}

const learned = Array<string>(4).fill('learn');
const applied = ['agree', 'apply', 'digest', 'confirm'];
/** As long as it takes to come to a wait for the clock. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

test('a round is learned, sent, agreed on, applied and confirmed', async () => {
  const { asked, train } = await fakeStreet();
  const outcome = await train();
  expect(asked).toEqual([...learned, 'compress', 'publish', ...applied]);
  expect(outcome).toMatchObject({ mine: { tokens: 128, weight: 4 }, sent: true, gradientNorm: 1.5 });
});

describe('a member that rests', () => {
  test('sends what it has learned when the round is over, and owes the rest of its rest', async () => {
    const { asked, duty, over, clock, train } = await fakeStreet();
    duty.share = 0.25;
    const round = train();
    await vi.waitFor(() => expect(asked).toEqual(['learn']));
    await settle();
    clock.advance(500);
    over.abort();
    expect(await round).toMatchObject({ mine: { tokens: 32, weight: 1 } });
    expect(duty.owedMs).toBe(2_500);
    expect(asked).toEqual(['learn', 'compress', 'publish', ...applied]);
  });

  test('does not begin to learn in a round that is over, and has nothing to send', async () => {
    const { asked, duty, over, clock, street, train } = await fakeStreet();
    duty.share = 0.25;
    await street.replica.forwardBackward({ ids: new Uint32Array(32), targets: new Uint32Array(32) });
    const round = train();
    await settle();
    clock.advance(500);
    over.abort();
    expect(await round).toBe(undefined);
    expect(asked).toEqual(['learn']);
    expect(duty.owedMs).toBe(2_500);
  });
});

describe('what a GPU refused a part of', () => {
  test.each([
    ['learn', [...learned, 'forget', 'withheld 7']],
    ['compress', [...learned, 'compress', 'forget', 'withheld 7']],
  ])('is not sent where that was to %s', async (what, expected) => {
    const { asked, on, care, train } = await fakeStreet();
    on.set(what, () => care.refusals++);
    expect(await train()).toBe(undefined);
    expect(asked).toEqual(expected);
  });

  test('does not count as momentum', async () => {
    const { asked, on, care, train } = await fakeStreet();
    on.set('learn', () => care.refusals++);
    await train('silent');
    expect(asked).toEqual([...learned, 'withheld 7', ...applied]);
  });

  test('is no state to confirm', async () => {
    const { asked, on, care, train } = await fakeStreet();
    on.set('apply', () => care.refusals++);
    await expect(train('follow')).rejects.toMatchObject({
      code: 'gpu-refuses-work',
      message: 'The GPU refused work as round 7 was applied.',
    });
    expect(asked).not.toContain('confirm');
  });
});
