import { describe, expect, test } from 'vitest';
import { ForceLayout } from './force-layout.ts';
import { ringPlaces, RingLayout } from './ring-layout.ts';
import { SwarmScene } from './scene.ts';
import type { SwarmGraph } from './swarm-graph.ts';

/** `you` and others, with so many bytes over each connection. */
const graph = (others: readonly string[], bytes = 0, rttMs: number | undefined = 10): SwarmGraph => ({
  self: 'you',
  nodes: ['you', ...others].map((id) => ({
    id,
    kind: id === 'you' ? ('you' as const) : ('member' as const),
    ...{ name: '', leader: false, differs: false, connected: true },
  })),
  links: others.map((to) => ({ to, rttMs, bytesUp: bytes, bytesDown: 0 })),
});

/** Frames until it rests. */
function rest(scene: SwarmScene): number {
  let frames = 0;
  while (scene.advance(16)) if (++frames > 2_000) throw new Error('never rests');
  return frames;
}

const shown = (scene: SwarmScene) =>
  Object.fromEntries([...scene.sprites].map(([id, sprite]) => [id, sprite.shown]));

describe('the scene', () => {
  test('fades in who joins and out who leaves, and then rests', () => {
    const scene = new SwarmScene(new RingLayout(), false);
    scene.update(graph(['b']));
    expect(shown(scene)).toEqual({ you: 1, b: 1 }); // was here before the page was
    rest(scene);
    scene.update(graph(['b', 'c']));
    expect(shown(scene)).toEqual({ you: 1, b: 1, c: 0 });
    scene.advance(16);
    expect(scene.sprites.get('c')?.shown).toBeGreaterThan(0);
    expect(rest(scene)).toBeGreaterThan(5);
    expect(shown(scene)).toEqual({ you: 1, b: 1, c: 1 });
    scene.update(graph(['c']));
    scene.advance(100);
    expect(scene.sprites.get('b')?.shown).toBeLessThan(1);
    rest(scene);
    expect(shown(scene)).toEqual({ you: 1, c: 1 });
  });

  test('one that comes back while it fades stays', () => {
    const scene = new SwarmScene(new RingLayout(), false);
    scene.update(graph(['b']));
    scene.update(graph([]));
    scene.advance(100);
    scene.update(graph(['b']));
    rest(scene);
    expect(shown(scene)).toEqual({ you: 1, b: 1 });
  });

  test('shows bytes on their way, in the direction in which they went, and only new ones', () => {
    const scene = new SwarmScene(new RingLayout(), false);
    scene.update(graph(['b'], 500));
    expect(scene.pulses).toEqual([]);
    scene.update(graph(['b'], 700));
    expect(scene.pulses).toEqual([{ to: 'b', out: true, at: 0 }]);
    scene.update(graph(['b'], 700));
    expect(scene.pulses.length).toBe(1);
    rest(scene);
    expect(scene.pulses).toEqual([]);
    for (let i = 0; i < 500; i++) scene.update(graph(['b'], 1_000 + i));
    expect(scene.pulses.length).toBeLessThanOrEqual(48);
  });

  test('is where it belongs at once for those who asked for less motion, and asks no forces', () => {
    const forces = new CountingLayout();
    const scene = new SwarmScene(forces, true);
    scene.update(graph(['b'], 1));
    scene.update(graph(['b', 'c'], 2));
    expect(scene.advance(16)).toBe(false);
    expect(shown(scene)).toEqual({ you: 1, b: 1, c: 1 });
    expect(scene.pulses).toEqual([]);
    scene.update(graph(['c'], 2));
    expect(scene.advance(16)).toBe(false);
    expect(shown(scene)).toEqual({ you: 1, c: 1 });
    expect(placesOf(scene)).toEqual(Object.fromEntries(ringPlaces(graph(['c']))));
    expect(forces.calls).toBe(0);
  });

  test('changes over to the other layout when less motion is asked for, and back', () => {
    const forces = new ForceLayout();
    const scene = new SwarmScene(forces, false);
    scene.update(graph(['b', 'c', 'd']));
    rest(scene);
    scene.setStill(true);
    expect(scene.advance(16)).toBe(false);
    expect(placesOf(scene)).toEqual(Object.fromEntries(ringPlaces(graph(['b', 'c', 'd']))));
    scene.update(graph(['b', 'c', 'd', 'e']));
    scene.setStill(false);
    expect(rest(scene)).toBeGreaterThan(5);
    expect([...forces.places().keys()]).toEqual(['you', 'b', 'c', 'd', 'e']);
  });
});

const placesOf = (scene: SwarmScene) =>
  Object.fromEntries([...scene.sprites].map(([id, { x, y }]) => [id, { x, y }]));

class CountingLayout extends RingLayout {
  calls = 0;

  override update(of: SwarmGraph): void {
    this.calls++;
    super.update(of);
  }

  override step(): boolean {
    this.calls++;
    return super.step();
  }
}

const radiusOf = (layout: ForceLayout, id: string): number => {
  const { x, y } = layout.places().get(id) ?? { x: 0, y: 0 };
  return Math.hypot(x, y);
};

describe('the layout by forces', () => {
  test('keeps who stays where it is, begins newcomers on the ring, and holds this tab in the middle', () => {
    const layout = new ForceLayout();
    layout.update(graph(['b', 'c']), 350);
    while (layout.step());
    const before = layout.places();
    layout.update(graph(['b', 'c', 'd']), 350);
    const after = layout.places();
    expect(after.get('b')).toEqual(before.get('b'));
    expect(after.get('you')).toEqual({ x: 0, y: 0 });
    expect(radiusOf(layout, 'd')).toBeGreaterThan(0.3);
    expect(layout.step()).toBe(true);
  });

  /** `you`, `b` and `c` with these round trips. */
  const between = (rtts: readonly (number | undefined)[]): SwarmGraph => {
    const links = rtts.map((rttMs, i) => ({ to: 'bc'.charAt(i), rttMs, bytesUp: 0, bytesDown: 0 }));
    return { self: 'you', nodes: graph(['b', 'c']).nodes, links };
  };

  /** How often `looks` set it moving. */
  const stirredBy = (layout: ForceLayout, looks: readonly SwarmGraph[]): number =>
    looks.filter((look) => {
      layout.update(look, 350);
      const stirs = layout.step();
      while (layout.step());
      return stirs;
    }).length;

  test('rests while nobody comes or goes and nobody gets nearer, and puts the far farther out', () => {
    const layout = new ForceLayout();
    stirredBy(layout, [between([10, 10])]);
    expect(stirredBy(layout, [between([10.4, 10])])).toBe(0);
    const stirs = stirredBy(layout, new Array<SwarmGraph>(200).fill(between([10, 400])));
    expect(stirs).toBeGreaterThan(0);
    expect(stirs).toBeLessThan(5);
    expect(radiusOf(layout, 'c')).toBeGreaterThan(1.2 * radiusOf(layout, 'b'));
    for (const place of layout.places().values())
      expect(Math.max(Math.abs(place.x), Math.abs(place.y))).toBeLessThanOrEqual(1);
  });

  test('round trips that go up and down, as they do, leave it at rest; so does one that stands out', () => {
    const layout = new ForceLayout();
    stirredBy(layout, [between([4, 20])]);
    // Eight looks for a measurement.
    const looks = [3, 6, 2, 5, 8, 4, 3, 40, 4, 6, 2, 9, 4].flatMap((ms) =>
      new Array<SwarmGraph>(8).fill(between([ms, 20 + ms])),
    );
    expect(stirredBy(layout, looks)).toBe(0);
  });

  test('the first measurement counts at once', () => {
    const layout = new ForceLayout();
    stirredBy(layout, [between([undefined, 2])]);
    expect(stirredBy(layout, [between([2, 2])])).toBe(1);
    expect(radiusOf(layout, 'b')).toBeCloseTo(radiusOf(layout, 'c'), 1);
  });
});
