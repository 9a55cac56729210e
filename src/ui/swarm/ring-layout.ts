import type { SwarmGraph } from './swarm-graph.ts';

/** A place in the picture; its middle is 0, 0 and its edge 1 away. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** How the volunteers are laid out. Whoever stays keeps its place as far as that goes. */
export interface Layout {
  /** The graph as it now is, `sinceMs` after the look before. */
  update(graph: SwarmGraph, sinceMs: number): void;
  /** Moves everything one step; false once it has come to rest. */
  step(): boolean;
  /** Where everyone is. */
  places(): ReadonlyMap<string, Place>;
}

const [nearest, farthest, unmeasured] = [0.42, 0.86, 0.7] as const;

/** How far from this tab a peer is drawn: nearer is quicker to reach, on a scale that tells 2 ms from 20 and 20 from 200. */
export function distanceOf(rttMs: number | undefined): number {
  if (rttMs === undefined) return unmeasured;
  const decades = Math.log10(Math.max(1, rttMs)) / 2.7; // 1 ms to 500 ms
  return nearest + (farthest - nearest) * Math.min(1, decades);
}

/** This tab in the middle, everyone else around it by id; without this tab, all in a circle. */
export function ringPlaces({ self, nodes, links }: SwarmGraph): ReadonlyMap<string, Place> {
  const others = nodes.filter(({ id }) => id !== self).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const rtt = new Map(links.map((link) => [link.to, link.rttMs]));
  const places = new Map<string, Place>();
  if (self !== undefined) places.set(self, { x: 0, y: 0 });
  for (const [index, { id, connected }] of others.entries()) {
    // A quarter of a step off the vertical, so that two do not stand in one line with this tab and their names.
    const angle = (2 * Math.PI * (index + 0.25)) / others.length - Math.PI / 2;
    const radius = connected ? distanceOf(rtt.get(id)) : self === undefined ? unmeasured : farthest;
    // Where many stand in one circle, every other one steps out of line.
    const step = others.length > 14 && index % 2 === 1 ? 0.14 : 0;
    places.set(id, { x: (radius + step) * Math.cos(angle), y: (radius + step) * Math.sin(angle) });
  }
  return places;
}

/** Everyone in a circle at once: the layout where no forces are at hand, and where one asked for less motion. */
export class RingLayout implements Layout {
  #places: ReadonlyMap<string, Place> = new Map();

  update(graph: SwarmGraph): void {
    this.#places = ringPlaces(graph);
  }

  step(): boolean {
    return false;
  }

  places(): ReadonlyMap<string, Place> {
    return this.#places;
  }
}
