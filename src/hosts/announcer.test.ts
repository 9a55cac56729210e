import { describe, expect, test, vi } from 'vitest';
import type * as Y from 'yjs';
import { canonicalJson } from '../base/canonical-json.ts';
import { ManualClock } from '../base/clock.ts';
import type { Announcements } from '../swarm/announcements.ts';
import { DocumentNetwork, idOf, recordOf } from '../swarm/shared-doc-network.test-data.ts';
import { SharedRooms } from '../swarm/shared-doc-rooms.ts';
import type { RecordSummary, VolunteerStatus } from '../volunteer/status.ts';
import { Announcer } from './announcer.ts';

const config = canonicalJson({ run: 'one' });

async function build(volunteers: number) {
  const clock = new ManualClock();
  const network = new DocumentNetwork(clock);
  const records: RecordSummary[] = [];
  const tabs: { rooms: SharedRooms; announcer: Announcer; id: string }[] = [];
  for (let i = 0; i < volunteers; i++) {
    const rooms = await SharedRooms.open({ room: 'room', open: network.tab(), clock });
    await network.settle();
    tabs.push({ rooms, announcer: new Announcer(rooms, clock, config), id: idOf(i) });
  }
  tabs[0]?.rooms.announceConfig(config);
  await network.settle();
  const statusOf = (i: number, round: number): VolunteerStatus =>
    ({
      self: idOf(i),
      state: 'training',
      members: volunteers,
      round,
      tokensPerSecond: 100 + round,
      adapter: undefined,
      peers: [{ self: true, member: true }],
      records: records.slice(-8),
      curve: records.map((record) => ({ round: record.round, train: record.train, validation: undefined })),
      sample: round < 20 ? undefined : { round: round - (round % 20), text: `text of ${round}` },
    }) as unknown as VolunteerStatus;
  /** Each volunteer tells four times a round, as a page does. */
  const train = async (from: number, to: number): Promise<void> => {
    for (let round = from; round <= to; round++) {
      records.push(recordOf(round, { leader: idOf(round % volunteers) }));
      for (let quarter = 0; quarter < 4; quarter++) {
        tabs.forEach(({ announcer }, i) => {
          announcer.tell(statusOf(i, round));
        });
        clock.advance(250);
        await network.settle();
      }
    }
  };
  return { clock, network, tabs, train };
}

test('a hundred rounds without a change of state write the leaders’ records and what is due, and nothing else', async () => {
  const { network, tabs, train } = await build(4);
  await train(1, 20);
  const writes = new Map<string, number>();
  const updates = vi.fn();
  for (const { doc } of network.tabsIn('room')) {
    doc.on('update', (_update: Uint8Array, origin: unknown) => {
      if (origin !== 'network') updates();
    });
    doc.on('afterTransaction', ({ local, changed }: Y.Transaction) => {
      if (!local) return;
      for (const keys of changed.values())
        for (const key of keys) {
          const kind = /^\d+$/.test(key ?? '') ? 'record' : (key ?? 'sequence');
          writes.set(kind, (writes.get(kind) ?? 0) + 1);
        }
    });
  }
  await train(21, 120);
  const samples = 5 * 4; // here all four wrote one; the volunteer sends only the leader's
  const pages = 1; // a new one, with a record on it
  expect(writes.get('record')).toBe(100 - pages);
  expect(writes.get('sample')).toBe(samples);
  expect(writes.get('page')).toBe(pages);
  expect(updates).toHaveBeenCalledTimes(100 + samples);
  expect([...writes.keys()].sort()).toEqual(['page', 'record', 'sample']);
  expect(tabs[3]?.rooms.view().presences.map(({ tokensPerSecond }) => tokensPerSecond)).toEqual(
    expect.arrayContaining([expect.closeTo(220, -1)]),
  );
});

describe('records of rounds that take a moment', () => {
  const build1 = (announced = config) => {
    const clock = new ManualClock();
    const told: RecordSummary[][] = [];
    const shared: ConstructorParameters<typeof Announcer>[0] = {
      config: announced,
      view: () => ({ config: announced, records: [] }) as unknown as Announcements,
      announceRecords: (...some) => told.push(some as RecordSummary[]) > 0,
      passRound: () => undefined,
      uphold: () => false,
      announceSample: () => true,
      setPresence: () => true,
    };
    const announcer = new Announcer(shared, clock, config);
    const tell = (records: readonly RecordSummary[]): void => {
      const round = records.at(-1)?.round;
      announcer.tell({
        self: idOf(0),
        state: 'training',
        round,
        peers: [],
        records,
      } as unknown as VolunteerStatus);
    };
    return { clock, told, announcer, tell };
  };
  const led = (round: number, change: Partial<RecordSummary> = {}) =>
    recordOf(round, { leader: idOf(0), ...change });

  test('go together, about twice a second, and none is left behind at the end', () => {
    const { clock, told, announcer, tell } = build1();
    const records: RecordSummary[] = [];
    for (let round = 1; round <= 45; round++) {
      records.push(round % 3 === 0 ? recordOf(round, { leader: idOf(1) }) : led(round));
      tell(records.slice(-8));
      clock.advance(100);
    }
    expect(told.length).toBeLessThanOrEqual(10);
    announcer.silence();
    expect(told.flat()).toEqual(records.filter(({ leader }) => leader === idOf(0)));
  });

  test('go no more than four at a time, half of what the document shows', () => {
    const { clock, told, tell } = build1();
    const records: RecordSummary[] = [];
    for (let round = 1; round <= 40; round++) {
      records.push(led(round));
      tell(records.slice(-8));
      clock.advance(10);
    }
    expect(Math.max(...told.map((some) => some.length))).toBe(4);
  });

  test('are told as they are then: not what was taken back meanwhile', () => {
    const { clock, told, tell } = build1();
    tell([led(1)]);
    tell([led(1), led(2), led(3)]);
    clock.advance(1_000);
    tell([led(1), recordOf(2, { leader: idOf(1) }), led(3, { state: 'f'.repeat(32) })]);
    expect(told.flat()).toEqual([led(1), led(3, { state: 'f'.repeat(32) })]);
  });

  test('are not mixed with those of another run that is announced', () => {
    const { clock, told, announcer, tell } = build1('{"run":"another"}');
    tell([led(1)]);
    clock.advance(1_000);
    tell([led(1), led(2)]);
    announcer.silence();
    expect(told).toEqual([]);
  });
});

test('what a stranger takes out of the document is put back, and no more often than a few times a minute', async () => {
  const { network, tabs, train } = await build(3);
  await train(1, 40);
  const stranger = (await network.tab()('room')).shared;
  await network.settle();
  const written = vi.fn();
  for (const { doc } of network.tabsIn('room'))
    if (doc !== stranger.doc)
      doc.on('update', (_update: Uint8Array, origin: unknown) => {
        if (origin !== 'network') written();
      });
  const run = stranger.doc.getMap('run');
  run.set('config', 'scribble');
  run.delete('page');
  await train(41, 46);
  const view = tabs[1]?.rooms.view();
  expect(view?.config).toBe(config);
  expect(view?.records.map(({ round }) => round)).toEqual([39, 40, 41, 42, 43, 44, 45, 46]);
  expect(view?.curve).toHaveLength(46);
  written.mockClear();
  for (let round = 47; round < 647; round++) {
    run.delete('page');
    run.set('config', 'scribble');
    await train(round, round);
  }
  // 600 s: a record a round, its page where there is none, 30 samples of three, and at most 8 + 10 repairs by each of three.
  expect(written.mock.calls.length).toBeLessThan(600 + 600 + 90 + 3 * 18 * 2);
  expect(tabs[0]?.rooms.view().documentBytes).toBeLessThan(128 << 10);
});
