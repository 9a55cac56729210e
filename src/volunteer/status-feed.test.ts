import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventLine, VolunteerStatus } from './status.ts';
import { StatusFeed, StatusMirror } from './status-feed.ts';

const event = (atMs: number, text = 'joined'): EventLine => ({ atMs, kind: 'joined', text });

/** Of a status only what these tests look at: the feed knows no field but the lists. */
const statusOf = (fields: Record<string, unknown>): VolunteerStatus =>
  ({ records: [], receipts: [], ledger: [], events: [], ...fields }) as unknown as VolunteerStatus;

const overWire = <T>(value: T): T => structuredClone(value);

test('whatever happens to a status, its mirror shows the same', () => {
  const item = fc.record({ atMs: fc.integer({ min: 0, max: 5 }), kind: fc.constant('x'), text: fc.string() });
  const status = fc
    .record({
      round: fc.integer(),
      reason: fc.option(fc.string(), { nil: undefined }),
      peers: fc.array(item, { maxLength: 3 }),
      records: fc.array(item, { maxLength: 6 }),
      events: fc.array(item, { maxLength: 6 }),
    })
    .map(statusOf);
  fc.assert(
    fc.property(fc.array(status, { minLength: 1, maxLength: 12 }), (all) => {
      const [feed, mirror] = [new StatusFeed(), new StatusMirror()];
      for (const one of all) expect(mirror.take(overWire(feed.take(one)))).toEqual(one);
    }),
  );
});

test('of a list only what is new is told, and the rest stays as it was', () => {
  const [feed, mirror] = [new StatusFeed(), new StatusMirror()];
  const old = Array.from({ length: 100 }, (_, i) => event(i));
  const first = mirror.take(overWire(feed.take(statusOf({ events: old, round: 1 }))));
  const delta = feed.take(statusOf({ events: [...old.slice(1), event(100)], round: 2 }));
  expect(delta).toEqual({
    changed: { round: 2 },
    lists: { events: { from: 1, kept: 99, added: [event(100)] } },
  });
  const next = mirror.take(overWire(delta));
  expect(next.events).toHaveLength(100);
  expect(next.events[0]).toBe(first.events[1]);
  expect(next.peers).toBe(first.peers);
});

test('a list that is cut back, emptied or changed in its middle is told right', () => {
  const [feed, mirror] = [new StatusFeed(), new StatusMirror()];
  const steps = [
    [event(1), event(2), event(3)],
    [event(1), event(2)],
    [event(1), event(2, 'changed'), event(3)],
    [],
    [event(7), event(8)],
    [event(9)],
  ];
  for (const events of steps)
    expect(mirror.take(overWire(feed.take(statusOf({ events })))).events).toEqual(events);
});

test('where nothing changed, nothing is told', () => {
  const feed = new StatusFeed();
  const status = statusOf({ events: [event(1)], round: 3, peers: [{ id: 'a' }] });
  feed.take(status);
  expect(feed.take(structuredClone(status))).toEqual({ changed: {}, lists: {} });
});
