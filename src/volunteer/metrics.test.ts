import { expect, test } from 'vitest';
import { applyDelta, MetricsFeed } from './metrics-feed.ts';
import { keptRows, MetricsHistory, type MetricsRow } from './metrics.ts';

const rowOf = (round: number): MetricsRow => ({
  round,
  train: 1 / round,
  validation: round % 10 === 1 ? 2 / round : undefined,
  bytesUp: round % 7,
});
const rounds = (history: MetricsHistory): number[] => [...history.view.column('round')];

test('every round of a run of 100,000 is kept as it was measured', () => {
  const history = new MetricsHistory();
  for (let round = 1; round <= keptRows; round++) history.add(rowOf(round));
  const { view } = history;
  expect(view.length).toBe(100_000);
  for (const at of [0, 1, 4_567, 99_999]) {
    expect(view.column('train')[at]).toBe(1 / (at + 1));
    expect(view.column('rounds')[at]).toBe(1);
  }
  expect(view.column('validation')[1]).toBeNaN();
});

test('a longer run keeps its range, its means and its validations in as many rows', () => {
  const history = new MetricsHistory(64);
  let bytes = 0;
  for (let round = 1; round <= 1_000; round++) {
    history.add(rowOf(round));
    bytes += round % 7;
  }
  const { view } = history;
  expect(view.length).toBeLessThanOrEqual(64);
  const column = (name: 'rounds' | 'bytesUp' | 'round'): number[] => [...view.column(name)];
  expect(column('rounds').reduce((sum, count) => sum + count, 0)).toBe(1_000);
  expect(column('round').at(-1)).toBe(1_000);
  const counts = column('rounds');
  expect(column('bytesUp').reduce((sum, mean, at) => sum + mean * (counts[at] ?? 0), 0)).toBeCloseTo(bytes);
  expect(column('round')).toEqual([...column('round')].sort((a, b) => a - b));
  expect(view.column('validation').some((value) => !Number.isNaN(value))).toBe(true);
});

test('rounds taken back go, others take their place, and what does not move forward is ignored', () => {
  const history = new MetricsHistory();
  for (const round of [1, 2, 3, 4]) history.add(rowOf(round));
  const before = history.view;
  expect(history.view).toBe(before);
  history.add({ round: 4, train: 9 });
  history.add({ round: NaN, train: 9 });
  expect(history.view).toBe(before);
  history.cutBack(2);
  history.add({ round: 3, train: 7 });
  expect(rounds(history)).toEqual([1, 2, 3]);
  expect(history.view.column('train')[2]).toBe(7);
  expect(history.view.version).toBeGreaterThan(before.version);
});

test('a view leaves nothing behind where a page is read as data', () => {
  const history = new MetricsHistory();
  history.add(rowOf(1));
  expect(JSON.stringify(history.view)).toBe('{}');
});

test('a history fed in pieces is the one that was measured, also where rounds were taken back between', () => {
  const [feed, whole, fed] = [new MetricsFeed(), new MetricsHistory(48), new MetricsHistory(48)];
  const add = (round: number): void => {
    feed.add(rowOf(round));
    whole.add(rowOf(round));
  };
  const hand = (): number => {
    const delta = feed.take();
    if (delta !== undefined) applyDelta(fed, delta);
    return delta?.rows.length ?? 0;
  };
  for (let round = 1; round <= 200; round++) {
    add(round);
    if (round % 5 === 0) hand();
  }
  for (const [back, to] of [
    [197, 210],
    [203, 206],
    [204, 220],
  ] as const) {
    feed.cutBack(back);
    whole.cutBack(back);
    if (back === 203) hand();
    for (let round = back + 1; round <= to; round++) add(round);
  }
  hand();
  expect(rounds(fed)).toEqual(rounds(whole));
  expect([...fed.view.column('train')]).toEqual([...whole.view.column('train')]);
  expect(hand()).toBe(0);
  expect(feed.take()).toBeUndefined();
});

test('what a feed hands over does not grow with the run', () => {
  const feed = new MetricsFeed();
  for (let round = 1; round <= 1_000; round++) {
    feed.add(rowOf(round));
    expect(feed.take()?.rows.byteLength).toBe(13 * 8);
  }
});

test('rows that nobody takes do not pile up', () => {
  const feed = new MetricsFeed();
  for (let round = 1; round <= 20_000; round++) feed.add(rowOf(round));
  const rows = feed.take()?.rows ?? new Float64Array();
  expect(rows.length).toBeLessThanOrEqual(4_096 * 13);
  expect(rows[rows.length - 13]).toBe(20_000);
});
