import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type Simulation,
  type SimulationLinkDatum,
  type SimulationNodeDatum,
} from 'd3-force';
import { distanceOf, ringPlaces, type Layout, type Place } from './ring-layout.ts';
import type { GraphLink, SwarmGraph } from './swarm-graph.ts';

/** What d3-force moves: it writes the numbers, and leaves a node at `fx` and `fy`. */
interface ForceNode extends SimulationNodeDatum {
  readonly id: string;
}

interface ForceLink extends SimulationLinkDatum<ForceNode> {
  readonly distance: number;
}

/** d3 is tuned for distances of some tens. */
const scale = 200;
/** A round trip that would move a peer by less than this moves nothing: one three times as long is noticed. */
const noticed = 0.08;
/**
 * What is left of the way to a round trip after a second in which it was measured: one that stands out is forgotten, and one that
 * stays is believed within some seconds.
 */
const leftAfterSecond = 0.9;

interface Smoothed {
  readonly isMeasured: boolean;
  readonly distance: number;
}

/** The first measurement counts whole. */
function smoothed(before: Smoothed | undefined, { rttMs }: GraphLink, sinceMs: number): Smoothed {
  const now = distanceOf(rttMs);
  const isMeasured = rttMs !== undefined;
  if (before?.isMeasured !== isMeasured) return { isMeasured, distance: now };
  return { isMeasured, distance: now + (before.distance - now) * leftAfterSecond ** (sinceMs / 1_000) };
}

/** Peers at the distance of their round trip, pushing each other apart; this tab in the middle. */
export class ForceLayout implements Layout {
  #nodes: ForceNode[] = [];
  /** By peer, as the forces hold them, and as the looks since have made them. */
  readonly #distances = new Map<string, number>();
  #smooth: ReadonlyMap<string, Smoothed> = new Map();
  #simulation: Simulation<ForceNode, ForceLink> | undefined;

  update(graph: SwarmGraph, sinceMs: number): void {
    const { self } = graph;
    const ids = graph.nodes.map(({ id }) => id);
    const sameNodes = ids.length === this.#nodes.length && this.#nodes.every(({ id }) => ids.includes(id));
    this.#smooth = new Map(
      graph.links.map((link) => [link.to, smoothed(this.#smooth.get(link.to), link, sinceMs)]),
    );
    const distances = new Map([...this.#smooth].map(([id, { distance }]) => [id, distance]));
    if (sameNodes && !this.#moved(distances)) return;
    const before = new Map(this.#nodes.map((node) => [node.id, node]));
    const begin = ringPlaces(graph);
    this.#nodes = ids.map((id) => {
      const known = before.get(id);
      const place = begin.get(id) ?? { x: 0, y: 0 };
      const node: ForceNode = known ?? { id, x: scale * place.x, y: scale * place.y };
      node.fx = node.fy = id === self ? 0 : null;
      return node;
    });
    this.#distances.clear();
    for (const [id, distance] of distances) this.#distances.set(id, distance);
    const links = [...distances].flatMap(([id, distance]) =>
      self === undefined ? [] : [{ source: self, target: id, distance: scale * distance }],
    );
    this.#simulation?.stop();
    // It keeps no time of its own: whoever draws asks for the next step.
    this.#simulation = forceSimulation<ForceNode, ForceLink>(this.#nodes)
      .stop()
      .alphaDecay(0.04)
      .force(
        'link',
        forceLink<ForceNode, ForceLink>(links)
          .id(({ id }) => id)
          .distance(({ distance }) => distance)
          .strength(0.6),
      )
      // Many together would push the outer ones off the picture.
      .force('apart', forceManyBody().strength(-260 * Math.min(1, 14 / ids.length)))
      .force('collide', forceCollide(26))
      .force('x', forceX().strength(0.05))
      .force('y', forceY().strength(0.05))
      .alpha(before.size === 0 ? 0.6 : sameNodes ? 0.15 : 0.35);
  }

  step(): boolean {
    const simulation = this.#simulation;
    if (simulation === undefined || simulation.alpha() < simulation.alphaMin()) return false;
    simulation.tick();
    return true;
  }

  places(): ReadonlyMap<string, Place> {
    const inside = (value: number | undefined): number =>
      Math.max(-1, Math.min(1, Number.isFinite(value) ? (value ?? 0) / scale : 0));
    return new Map(this.#nodes.map(({ id, x, y }) => [id, { x: inside(x), y: inside(y) }]));
  }

  #moved(distances: ReadonlyMap<string, number>): boolean {
    if (distances.size !== this.#distances.size) return true;
    return [...distances].some(
      ([id, distance]) => Math.abs(distance - (this.#distances.get(id) ?? Infinity)) > noticed,
    );
  }
}
