import { describe, expect, it } from 'vitest';
import { pauseCauses } from '../volunteer/comfort.ts';
import { fakeComfort, fakeSnapshot, fakeVolunteer } from './fake-snapshot.test-data.ts';
import { dataSentence, shareSentence, stripOf } from './strip.ts';

describe('the control strip', () => {
  it('is not there for who can only watch, and offers to join to who can train', () => {
    expect(stripOf(fakeSnapshot({ canTrain: false }))).toBeUndefined();
    expect(stripOf(fakeSnapshot())).toMatchObject({ main: 'join', mayLeave: false, wayOut: undefined });
    const left = fakeSnapshot({ volunteer: fakeVolunteer({ state: 'left' }) });
    expect(stripOf(left)).toMatchObject({ main: 'join' });
  });

  it('tells who has not joined what would pause it at once, and how to join all the same', () => {
    const strip = stripOf(fakeSnapshot({ comfort: fakeComfort({ pausedBy: 'unplugged' }) }));
    expect(strip).toMatchObject({ title: 'Not joined', wayOut: 'run-anyway', main: 'join' });
    expect(strip?.reason).toContain('on battery');
  });

  it('offers to pause in everything that works, and nothing of the kind when it is over', () => {
    for (const state of ['starting', 'waiting', 'catching-up', 'training'] as const)
      expect(stripOf(fakeSnapshot({ volunteer: fakeVolunteer({ state }) }))?.main).toBe('pause');
    const over = (state: 'finished' | 'failed') =>
      stripOf(fakeSnapshot({ volunteer: fakeVolunteer({ state }) }))?.main;
    expect([over('finished'), over('failed')]).toEqual([undefined, 'join-again']);
  });

  it('says why it paused by itself, and shows the way out', () => {
    for (const pausedBy of pauseCauses) {
      const volunteer = fakeVolunteer({ state: 'paused', heldBy: pausedBy });
      const strip = stripOf(fakeSnapshot({ volunteer, comfort: fakeComfort({ pausedBy }) }));
      expect(strip).toMatchObject({ wayOut: 'run-anyway', main: 'stay-paused' });
      expect(strip?.title).toMatch(/^Paused: .+/);
      const clearing = fakeComfort({ pausedBy, isClearing: true });
      expect(stripOf(fakeSnapshot({ volunteer, comfort: clearing }))?.wayOut).toBe('go-on');
    }
  });

  it('keeps a pause of its person apart from one of its own: each has its own way out', () => {
    const volunteer = fakeVolunteer({ state: 'paused', pausedByPerson: true, heldBy: 'unplugged' });
    const both = stripOf(fakeSnapshot({ volunteer, comfort: fakeComfort({ pausedBy: 'unplugged' }) }));
    expect(both).toMatchObject({ main: 'resume', wayOut: 'run-anyway' });
    expect(both?.reason).toBe('You paused. It also paused by itself: on battery.');
    expect(stripOf(fakeSnapshot({ volunteer }))).toMatchObject({
      main: 'resume',
      wayOut: undefined,
      reason: 'You paused.',
    });
  });

  it('tells the measured share beside the one asked for, and never one that was not measured', () => {
    expect(shareSentence(undefined, 0.6)).toMatch(/^60.% asked for, not measured yet$/);
    expect(shareSentence(fakeVolunteer({ gpuShare: 0.5 }), 0.5)).toMatch(/not measured yet$/);
    const volunteer = fakeVolunteer({ roundsTrained: 2, gpuShare: 0.25, gpuShareMeasured: 0.24 });
    expect(shareSentence(volunteer, 0.25)).toMatch(/^24.% of the time, 25.% asked for$/);
    expect(shareSentence({ ...volunteer, gpuShare: 1, gpuShareMeasured: 0.97 }, 1)).toMatch(
      /^97.% of the time$/,
    );
  });

  it('meters the data of the day, against its limit where there is one', () => {
    expect(dataSentence(fakeComfort())).toBe('12.3 MB today');
    const { settings } = fakeComfort();
    expect(dataSentence(fakeComfort({ settings: { ...settings, dataCapBytes: 5e8 } }))).toBe(
      '12.3 MB of 500 MB today',
    );
  });
});
