import { nameAndId, namesOf } from '../contribution-names.ts';
import { peerRows, presentVolunteer, type PeerRow } from '../derive.ts';
import { formatDuration } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { text } from '../text.ts';

export interface GraphNode {
  readonly id: string;
  /** Shown beside the id. */
  readonly name: string;
  readonly kind: 'you' | 'member' | 'watching';
  readonly leader: boolean;
  readonly differs: boolean;
  /** Whether this tab is connected to it, or is it. */
  readonly connected: boolean;
}

/** A connection of this tab. Those between others are not known here, so they are not drawn. */
export interface GraphLink {
  readonly to: string;
  readonly rttMs: number | undefined;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export interface SwarmGraph {
  readonly self: string | undefined;
  readonly nodes: readonly GraphNode[];
  readonly links: readonly GraphLink[];
}

/** The volunteers and the connections that this tab knows of. */
export function swarmGraph(snapshot: PageSnapshot): SwarmGraph {
  const rows = peerRows(snapshot);
  const self = rows.find((row) => row.self)?.id;
  const nameOf = namesOf(snapshot);
  return {
    self,
    nodes: rows.map((row) => ({
      id: row.id,
      name: nameOf(row.id),
      kind: row.self ? 'you' : row.member ? 'member' : 'watching',
      leader: row.leader,
      differs: row.replica === 'differs',
      connected: row.self || (self !== undefined && row.connected),
    })),
    links: self === undefined ? [] : rows.flatMap((row) => (row.self || !row.connected ? [] : [linkTo(row)])),
  };
}

/** Without a measurement there still is a connection. */
const linkTo = ({ id, link }: PeerRow): GraphLink => ({
  to: id,
  rttMs: link?.rttMs,
  bytesUp: link?.bytesUp ?? 0,
  bytesDown: link?.bytesDown ?? 0,
});

/** The picture in words. */
export function graphSummary({ nodes, links, self }: SwarmGraph, trains: boolean): string {
  const words = text.swarm;
  const watching = nodes.filter(({ kind }) => kind === 'watching').length;
  const members = nodes.filter(({ kind }) => kind === 'member').length + (trains ? 1 : 0);
  const leader = nodes.find((node) => node.leader);
  return words.summary(
    words.members(text.counts.volunteers(members)),
    watching === 0 ? '' : words.watchers(String(watching)),
    leader === undefined
      ? ''
      : leader.id === self
        ? words.youLead
        : words.leaderIs(nameAndId(() => leader.name)(leader.id)),
    self === undefined ? '' : words.linked(text.counts.connections(links.length)),
  );
}

/** Whether the volunteer of this tab trains along. */
export const selfTrains = (snapshot: PageSnapshot): boolean =>
  presentVolunteer(snapshot)?.peers.some(({ self, member }) => self && member) === true;

/** "4 ms", "120 ms", "1.2 s": a round trip has no use for more. */
export const formatRtt = (rttMs: number | undefined): string =>
  rttMs === undefined ? text.swarm.unmeasured : rttMs < 1 ? '< 1 ms' : formatDuration(rttMs);
