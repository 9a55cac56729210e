import { describe, expect, it } from 'vitest';
import { announcementOf } from './derive.ts';
import { fakeLine, fakeSnapshot, fakeVolunteer } from './fake-snapshot.test-data.ts';
import { chainSummary, finalityOf, isFinalityWaiting, standingText } from './finality.ts';

const upTo = (newest: number, finalRound: number, epoch = 0) => ({
  ledger: newest < 1 ? [] : [fakeLine(newest)],
  finalRound,
  epoch,
});

describe('finality in a sentence', () => {
  it('says how far the ledger is final and how many rounds follow', () => {
    expect(finalityOf(upTo(41, 38))).toMatchObject({
      kind: 'moving',
      title: 'Final up to round 38, 3 newer ones to follow',
      detail: '',
      epoch: '',
    });
    expect(finalityOf(upTo(41, 41)).title).toBe('Final up to round 41, the newest');
  });

  it('says that no round is final yet, and what it takes', () => {
    expect(finalityOf(upTo(2, -1))).toMatchObject({ kind: 'none', title: 'No round is final yet' });
  });

  it('says after more than 8 rounds without finality that it waits for members that have gone', () => {
    expect(finalityOf(upTo(46, 38)).kind).toBe('moving');
    const waiting = finalityOf(upTo(47, 38));
    expect(waiting).toMatchObject({ kind: 'waiting', title: 'Final up to round 38: 9 rounds wait' });
    expect(waiting.detail).toContain('have gone without a word');
    expect(finalityOf(upTo(9, -1)).title).toBe('No round is final yet: 9 wait');
  });

  it('says that the members went on without those that vanished, and how often', () => {
    expect(finalityOf(upTo(41, 38, 1)).epoch).toMatch(/^Once so far.*went on without them/);
    expect(finalityOf(upTo(41, 38, 3)).epoch).toMatch(/^3 times so far/);
  });

  it('waits for nothing where there is no ledger, as before the first round and while catching up', () => {
    expect(isFinalityWaiting(upTo(0, -1))).toBe(false);
  });

  it('is told to a screen reader once, not round by round', () => {
    const said = (newest: number) =>
      announcementOf(fakeSnapshot({ volunteer: fakeVolunteer({ ...upTo(newest, 5), round: newest }) }));
    expect(said(20)).toContain('Finality waits for members that have gone.');
    expect(said(20)).toBe(said(21));
    expect(said(8)).not.toContain('Finality waits');
  });
});

describe('the standing of a record', () => {
  it('names how many signed where that is known', () => {
    expect(standingText({ standing: 'provisional', by: 0, of: 0 })).toBe('provisional');
    expect(standingText({ standing: 'certified', by: 2, of: 3 })).toBe('certified, 2 of 3');
    expect(standingText({ standing: 'final', by: 3, of: 3 })).toBe('final, 3 of 3');
  });

  it('is counted for those who do not see the chain', () => {
    const lines = [
      fakeLine(1, { standing: 'final' }),
      fakeLine(2, { standing: 'final' }),
      fakeLine(3, { standing: 'certified' }),
      fakeLine(4),
    ];
    expect(chainSummary(lines)).toBe('The newest 4 records: 2 final, 1 certified, 1 provisional.');
  });
});
