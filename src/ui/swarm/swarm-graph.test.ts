import { describe, expect, test } from 'vitest';
import { fakePeer, fakePresence, fakeSnapshot, fakeVolunteer } from '../fake-snapshot.test-data.ts';
import { distanceOf, ringPlaces } from './ring-layout.ts';
import { formatRtt, graphSummary, selfTrains, swarmGraph } from './swarm-graph.ts';

const [a, b, c, d] = ['a'.repeat(32), 'b'.repeat(32), 'c'.repeat(32), 'd'.repeat(32)] as const;
const link = { rttMs: 12, bytesUp: 100, bytesDown: 200 };

const swarm = fakeSnapshot({
  volunteer: fakeVolunteer({
    members: 2,
    peers: [
      fakePeer(a, { self: true, state: 'same' }),
      fakePeer(b, { leader: true, link, state: 'other' }),
      fakePeer(c, { connected: false, member: false }),
    ],
  }),
  presences: [fakePresence(b, { name: 'Ada' }), fakePresence(d, { member: false })],
});

describe('the graph of the swarm', () => {
  test('has everyone this tab knows of, and only the connections of this tab', () => {
    const { self, nodes, links } = swarmGraph(swarm);
    expect(self).toBe(a);
    expect(nodes.map(({ id, kind, leader, differs }) => [id[0], kind, leader, differs])).toEqual([
      ['a', 'you', false, false],
      ['b', 'member', true, true],
      ['c', 'watching', false, false],
      ['d', 'watching', false, false],
    ]);
    expect(links).toEqual([{ to: b, ...link }]);
  });

  test('of a tab that does not take part has nobody in the middle and no connections', () => {
    const graph = swarmGraph(fakeSnapshot({ presences: [fakePresence(b), fakePresence(c)] }));
    expect(graph).toMatchObject({ self: undefined, links: [] });
    expect(graph.nodes.map(({ kind }) => kind)).toEqual(['member', 'member']);
    expect(graphSummary(graph, false)).toBe(
      'Picture of the swarm. 2 volunteers training. The table says the same.',
    );
  });

  test('is said in words', () => {
    expect(graphSummary(swarmGraph(swarm), selfTrains(swarm))).toBe(
      'Picture of the swarm. 2 volunteers training, 2 here without training. Ada (bbbbbb) leads this round. 1 connection from this tab. The table says the same.',
    );
  });

  test('a connection that has not been measured is one all the same', () => {
    const peers = [fakePeer(a, { self: true }), fakePeer(b)];
    const { links } = swarmGraph(fakeSnapshot({ volunteer: fakeVolunteer({ peers }) }));
    expect(links).toEqual([{ to: b, rttMs: undefined, bytesUp: 0, bytesDown: 0 }]);
    expect(formatRtt(undefined)).toBe('not measured');
    expect(formatRtt(0.3)).toBe('< 1 ms');
    expect(formatRtt(12.4)).toBe('12 ms');
  });
});

describe('the ring', () => {
  test('puts this tab in the middle and nobody on top of another', () => {
    const nodes = Array.from({ length: 65 }, (_, n) => ({
      id: n.toString(16).padStart(32, '0'),
      kind: n === 0 ? ('you' as const) : ('member' as const),
      ...{ name: '', leader: false, differs: false, connected: true },
    }));
    const self = nodes[0]?.id;
    const places = ringPlaces({ self, nodes, links: [] });
    expect(places.get(self ?? '')).toEqual({ x: 0, y: 0 });
    const all = [...places.values()];
    for (const [i, one] of all.entries()) {
      expect(Math.hypot(one.x, one.y)).toBeLessThanOrEqual(1);
      for (const other of all.slice(i + 1))
        expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThan(0.06);
    }
  });

  test('draws nearer who is quicker to reach', () => {
    const times = [0.2, 1, 5, 20, 80, 300, 5_000];
    const distances = times.map(distanceOf);
    expect(distances).toEqual(distances.toSorted((one, other) => one - other));
    expect(distances[0]).toBeGreaterThan(0.3);
    expect(distances.at(-1)).toBeLessThan(1);
  });
});
