import { expect, test } from 'vitest';
import { MetricsFeed } from './metrics-feed.ts';
import { RunMetrics } from './run-metrics.ts';

test('the rounds and the short curve of a run follow its feed, also where it is cut back', () => {
  const [feed, metrics] = [new MetricsFeed(), new RunMetrics('one')];
  for (const round of [1, 2, 3])
    feed.add({ round, train: 6 - round, validation: round === 1 ? 5.5 : undefined });
  const points = metrics.take(feed.take());
  expect(points).toEqual([
    { round: 1, train: 5, validation: 5.5 },
    { round: 2, train: 4, validation: undefined },
    { round: 3, train: 3, validation: undefined },
  ]);
  expect(metrics.take(feed.take())).toBe(points);
  feed.cutBack(2);
  feed.add({ round: 3, train: 3.5 });
  feed.add({ round: 4, validation: 3.25 }); // after the last round
  expect(metrics.take(feed.take()).slice(2)).toEqual([
    { round: 3, train: 3.5, validation: undefined },
    { round: 4, train: 3.5, validation: 3.25 },
  ]);
  expect([...metrics.viewFor('one').column('round')]).toEqual([1, 2, 3, 4]);
  expect(metrics.viewFor(undefined).length).toBe(4);
});

test('a page that shows another run shows none of its rounds', () => {
  const [feed, metrics] = [new MetricsFeed(), new RunMetrics('one')];
  feed.add({ round: 1, train: 5 });
  metrics.take(feed.take());
  expect(metrics.viewFor('two').length).toBe(0);
});
