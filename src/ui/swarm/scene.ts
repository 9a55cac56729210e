import { RingLayout, type Layout, type Place } from './ring-layout.ts';
import type { GraphLink, GraphNode, SwarmGraph } from './swarm-graph.ts';

/** A volunteer on the canvas. `shown` goes from 0 to 1 as it joins and back as it leaves. */
export interface Sprite extends Place {
  readonly node: GraphNode;
  readonly shown: number;
}

/** Bytes on their way along a connection: `at` is how far they have come, from this tab outwards. */
export interface Pulse {
  readonly to: string;
  readonly out: boolean;
  readonly at: number;
}

/** Joining and leaving, ms; and a pulse from end to end. */
const [changeMs, pulseMs] = [450, 900] as const;
/** How quickly a sprite goes to its place: the share of the way that is left after a second. */
const leftAfterSecond = 0.002;
/** Nearer than this is there. */
const there = 0.002;
const mostPulses = 48;
/** From one look at the swarm to the next, where nobody says. */
const usualLookMs = 350;
/** A step of the layout. */
const tickMs = 16;

interface Moving {
  node: GraphNode;
  x: number;
  y: number;
  shown: number;
  leaving: boolean;
}

/** What is drawn, on its way from one look at the swarm to the next. Time comes in; nothing here draws. */
export class SwarmScene {
  readonly #moved: Layout;
  readonly #ring = new RingLayout();
  #still: boolean;
  #graph: SwarmGraph | undefined;
  readonly #moving = new Map<string, Moving>();
  #links: readonly GraphLink[] = [];
  #pulses: { to: string; out: boolean; at: number }[] = [];
  #self: string | undefined;
  #began = false;

  /** `still`: everyone is in a circle at once and `layout` stays unasked, for those who asked for less motion. */
  constructor(layout: Layout, still: boolean) {
    this.#moved = layout;
    this.#still = still;
  }

  setStill(still: boolean): void {
    this.#still = still;
    // The other layout has not seen it yet.
    if (this.#graph !== undefined) this.#layout.update(this.#graph, usualLookMs);
  }

  /** `sinceMs`: since the look before. */
  update(graph: SwarmGraph, sinceMs = usualLookMs): void {
    this.#graph = graph;
    this.#layout.update(graph, sinceMs);
    // Whoever is here when one opens the page has not just joined.
    const arrives = this.#began && !this.#still;
    const places = this.#layout.places();
    const ids = new Set(graph.nodes.map(({ id }) => id));
    for (const node of graph.nodes) {
      const known = this.#moving.get(node.id);
      const place = places.get(node.id) ?? { x: 0, y: 0 };
      if (known === undefined) {
        this.#moving.set(node.id, { node, ...place, shown: arrives ? 0 : 1, leaving: false });
      } else {
        known.node = node;
        known.leaving = false;
      }
    }
    for (const one of this.#moving.values()) if (!ids.has(one.node.id)) one.leaving = true;
    if (arrives) this.#pulse(graph.links);
    this.#links = graph.links;
    this.#self = graph.self;
    this.#began ||= graph.nodes.length > 0;
  }

  /** Goes on by `ms`; false once nothing moves any more. */
  advance(ms: number): boolean {
    let moves = false;
    for (let tick = 0; tick < Math.max(1, Math.round(ms / tickMs)); tick++) moves = this.#layout.step();
    const places = this.#layout.places();
    const left = this.#still ? 0 : leftAfterSecond ** (ms / 1_000);
    for (const [id, one] of this.#moving) {
      const target = one.leaving ? 0 : 1;
      const change = this.#still ? 1 : ms / changeMs;
      one.shown = target > one.shown ? Math.min(1, one.shown + change) : Math.max(target, one.shown - change);
      if (one.leaving && one.shown === 0) this.#moving.delete(id);
      const place = places.get(id);
      if (place !== undefined && !one.leaving) {
        one.x = place.x + (one.x - place.x) * left;
        one.y = place.y + (one.y - place.y) * left;
        moves ||= Math.hypot(one.x - place.x, one.y - place.y) > there;
      }
      moves ||= one.shown !== target;
    }
    for (const pulse of this.#pulses) pulse.at += ms / pulseMs;
    this.#pulses = this.#still ? [] : this.#pulses.filter(({ at }) => at < 1);
    return moves || this.#pulses.length > 0;
  }

  get self(): string | undefined {
    return this.#self;
  }

  get links(): readonly GraphLink[] {
    return this.#links;
  }

  get sprites(): ReadonlyMap<string, Sprite> {
    return new Map([...this.#moving].map(([id, { node, x, y, shown }]) => [id, { node, x, y, shown }]));
  }

  get pulses(): readonly Pulse[] {
    return this.#pulses;
  }

  get #layout(): Layout {
    return this.#still ? this.#ring : this.#moved;
  }

  /** One for each direction in which bytes crossed a connection since the last look. */
  #pulse(links: readonly GraphLink[]): void {
    const before = new Map(this.#links.map((link) => [link.to, link]));
    for (const { to, bytesUp, bytesDown } of links) {
      const last = before.get(to);
      if (last === undefined || this.#pulses.length >= mostPulses) continue;
      if (bytesUp > last.bytesUp) this.#pulses.push({ to, out: true, at: 0 });
      if (bytesDown > last.bytesDown) this.#pulses.push({ to, out: false, at: 0 });
    }
  }
}
