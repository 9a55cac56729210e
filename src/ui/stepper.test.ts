import { describe, expect, it } from 'vitest';
import type { VolunteerStatus } from '../volunteer/status.ts';
import { fakeSnapshot, fakeVolunteer } from './fake-snapshot.test-data.ts';
import { stepNames, stepperOf } from './stepper.ts';

const of = (volunteer: Partial<VolunteerStatus>) =>
  stepperOf(fakeSnapshot({ volunteer: fakeVolunteer(volunteer) }), false);

describe('the way into a run', () => {
  it('begins when the button is pressed, before the host has said a word', () => {
    expect(stepperOf(fakeSnapshot(), false)).toBeUndefined();
    expect(stepperOf(fakeSnapshot(), true)).toMatchObject({ present: 'run' });
    expect(stepperOf({ ...fakeSnapshot(), joining: 'measuring' }, true)?.title).toMatch(/Measuring/);
    expect(stepperOf({ ...fakeSnapshot(), joining: 'opening' }, true)).toMatchObject({ present: 'adapter' });
  });

  it('goes on with what the volunteer says, each step after the one before', () => {
    const way = [
      of({ state: 'starting', setUp: { step: 'adapter', doing: 'opening', done: 0, total: 0 } }),
      of({ state: 'starting', setUp: { step: 'compile', doing: 'tuning', done: 0, total: 0 } }),
      of({ state: 'starting', setUp: { step: 'compile', doing: 'compiling', done: 3, total: 12 } }),
      of({ state: 'starting', setUp: { step: 'data', doing: 'loading', done: 0, total: 0 } }),
      of({ state: 'waiting', reason: 'Looking for the other volunteers.' }),
      of({
        state: 'catching-up',
        catchUp: { stage: 'rounds', done: 1, total: 9, perSecond: 1, sources: 0 },
      }),
      of({ state: 'training', members: 3 }),
    ];
    const presents = way.map((stepper) => stepNames.indexOf(stepper?.present ?? 'run'));
    expect(presents).toEqual([1, 2, 2, 3, 4, 5, 6]);
    expect(way[2]).toMatchObject({ share: 0.25, detail: '3 of 12 kernels' });
    for (const [index, stepper] of way.entries()) {
      const standings = stepper?.steps.map(({ standing }) => standing);
      const present = presents[index] ?? 0;
      expect(standings).toEqual(
        stepNames.map((_, at) => (at < present ? 'done' : at === present ? 'present' : 'ahead')),
      );
    }
  });

  it('ends with the first round that was trained, and is not there for who is paused, left or finished', () => {
    expect(of({ state: 'training', roundsTrained: 1 })).toBeUndefined();
    for (const state of ['paused', 'finished', 'left'] as const) expect(of({ state })).toBeUndefined();
  });

  it('says who is alone that it trains meanwhile, instead of that it waits', () => {
    expect(of({ state: 'training', members: 1 })?.title).toBe(
      'Waiting for one more volunteer: training alone meanwhile.',
    );
    expect(of({ state: 'training', members: 2 })?.title).toContain('1 other volunteer');
  });

  it('says what is fetched, how far that is, and why nothing comes where nothing does', () => {
    const setUp = { step: 'data', doing: 'loading', done: 0, total: 0 } as const;
    const text = { what: 'text', bytes: 64_000, totalBytes: 256_000, stuck: undefined } as const;
    expect(of({ state: 'starting', setUp, fetching: text })).toMatchObject({
      ...{
        present: 'data',
        share: 0.25,
        detail: '64.0 kB of 256 kB',
        title: 'Fetching the text of this run.',
      },
    });
    const silent = of({
      state: 'starting',
      setUp,
      fetching: { ...text, totalBytes: undefined, stuck: 'server' },
    });
    expect(silent).toMatchObject({ share: undefined, detail: '' });
    expect(silent?.title).toMatch(/server does not answer/);
    const start = { ...text, what: 'start', stuck: 'nobody' } as const;
    expect(of({ state: 'waiting', fetching: start })).toMatchObject({ present: 'peers', share: 0.25 });
    expect(of({ state: 'waiting', fetching: start })?.title).toMatch(/Nobody who has it/);
    expect(of({ state: 'training', members: 2, fetching: text })).toMatchObject({ present: 'first-step' });
    expect(of({ state: 'training', members: 2, fetching: text })?.detail).not.toBe('');
  });

  it('says at once where no server answers', () => {
    const away = fakeSnapshot();
    const view = { ...away.view, signaling: false };
    expect(stepperOf({ ...away, view }, true)?.title).toMatch(/Reaching the server/);
    expect(stepperOf({ ...away, view: { ...view, signaling: true } }, true)?.title).toMatch(/Looking/);
  });

  it('goes on while it is paused before it is set up, and says where it failed', () => {
    const setUp = { step: 'compile', doing: 'compiling', done: 1, total: 2 } as const;
    expect(of({ state: 'paused', setUp })?.present).toBe('compile');
    expect(of({ state: 'failed', setUp })?.steps[2]).toEqual({ name: 'compile', standing: 'failed' });
    expect(of({ state: 'failed' })).toBeUndefined();
  });
});
