import { describe, expect, it } from 'vitest';
import { fakeRecord, fakeSnapshot } from './fake-snapshot.test-data.ts';
import type { PageSnapshot } from './host.ts';
import { noSamples, rememberSample } from './samples.ts';

const showing = (round: number | undefined, seed?: number, text = `text ${round}`): PageSnapshot => {
  const snapshot = fakeSnapshot(
    round === undefined ? {} : { sample: { round, text }, records: [fakeRecord(round, 'a')] },
  );
  if (seed === undefined) return snapshot;
  const run = { preset: 'nano', parameters: 164_160, seed, startedBy: 'a' } as const;
  return { ...snapshot, view: { ...snapshot.view, run } };
};
/** A snapshot every ten seconds. */
const after = (...snapshots: PageSnapshot[]) =>
  snapshots.reduce((history, snapshot, i) => rememberSample(history, snapshot, 10_000 * i), noSamples);
const rounds = (...snapshots: PageSnapshot[]): number[] =>
  after(...snapshots).lines.map(({ round }) => round);

describe('the history of samples', () => {
  it('gathers what snapshots show, oldest first, each round once', () => {
    expect(rounds(showing(undefined), showing(20), showing(20), showing(60), showing(40))).toEqual([
      20, 40, 60,
    ]);
  });

  it('is the same object where nothing is new', () => {
    const history = after(showing(20, 1));
    expect(rememberSample(history, showing(20, 1), 1)).toBe(history);
    expect(rememberSample(history, showing(undefined, 1), 1)).toBe(history);
  });

  it('takes the newer text of a round that was written again', () => {
    expect(after(showing(20), showing(20, undefined, 'other')).lines).toEqual([{ round: 20, text: 'other' }]);
  });

  it('begins anew with another run that stands, and not where the run was only unknown', () => {
    expect(rounds(showing(20, 1), showing(40, undefined), showing(60, 1))).toEqual([20, 40, 60]);
    const other = showing(20, 2, 'of another run');
    expect(rounds(showing(20, 1), showing(40, 1), other, other, other)).toEqual([20]);
    expect(rounds(showing(20, 1), ...Array.from({ length: 3 }, () => showing(undefined, 2)))).toEqual([]);
  });

  it('keeps what it has, and takes nothing, while anyone announces another run', () => {
    const other = showing(90, 2, 'of another run');
    expect(rounds(showing(20, 1), other, other, showing(40, 1), other, showing(60, 1))).toEqual([20, 40, 60]);
  });

  it('takes no text of a round that nobody has reached', () => {
    const { view, ...rest } = showing(20, 1);
    const early = { ...rest, view: { ...view, sample: { round: 1_000_000_000, text: 'buy' } } };
    expect(rounds(early, showing(20, 1), showing(40, 1))).toEqual([20, 40]);
  });

  it('keeps the first and the newest of very many', () => {
    const many = Array.from({ length: 500 }, (_, i) => showing(20 * (i + 1)));
    const kept = rounds(...many);
    expect(kept.length).toBeLessThanOrEqual(60);
    expect(kept[0]).toBe(20);
    expect(kept.slice(-20)).toEqual(Array.from({ length: 20 }, (_, i) => 9_620 + 20 * i));
  });
});
