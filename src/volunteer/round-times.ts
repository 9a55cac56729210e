import type { PeerId } from '../base/ids.ts';
import type { Sighting } from '../swarm/sightings.ts';
import type { PeerTiming, RoundTiming, Timeline } from './status.ts';

/** Decided rounds that are remembered, besides the one in progress. */
export const roundsKept = 8;
/** Volunteers of a round that are timed: in a larger swarm, the first ones by id, and this one. */
export const peersTimed = 64;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Peer = Mutable<PeerTiming>;
interface Round extends Mutable<Omit<RoundTiming, 'peers'>> {
  readonly peers: Map<PeerId, Peer>;
}

/**
 * When this volunteer saw what of the newest rounds: enough to tell who waits for whom. All times are of its own clock, so those
 * of others include the way here. Bounded, whatever is seen.
 */
export class RoundTimes {
  readonly #self: PeerId;
  readonly #now: () => number;
  #rounds: Round[] = [];

  constructor(self: PeerId, now: () => number) {
    this.#self = self;
    this.#now = now;
  }

  saw(sighting: Sighting): void {
    const { atMs } = sighting;
    switch (sighting.kind) {
      case 'contribution': {
        const round = this.#round(sighting.round);
        const peer = round && this.#peer(round, sighting.peer);
        if (peer !== undefined) peer.contributionMs ??= atMs;
        return;
      }
      case 'have': {
        const peer = this.#round(sighting.round)?.peers.get(sighting.peer);
        if (peer !== undefined) peer.haveMs ??= atMs;
        return;
      }
      case 'confirm': {
        const peer = this.#round(sighting.round)?.peers.get(sighting.peer);
        if (peer !== undefined) peer.confirmMs ??= atMs;
        return;
      }
      case 'agreed':
        this.#agreed(sighting);
        return;
      case 'applied': {
        const round = this.#round(sighting.round);
        if (round?.agreedMs !== undefined) round.appliedMs ??= atMs;
        return;
      }
      case 'taken-back':
        this.#rounds = this.#rounds.filter(({ round }) => round <= sighting.round);
        this.#open(sighting.round + 1, atMs, []);
        return;
      case 'entered':
        this.#rounds = [];
        this.#open(sighting.round + 1, atMs, sighting.members);
        return;
    }
  }

  /** Oldest first, the round in progress last. A new object each time. */
  get timeline(): Timeline {
    const rounds = this.#rounds.map((round): RoundTiming => {
      const peers = [...round.peers.values()].map((peer) => ({ ...peer }));
      return { ...round, peers: peers.sort((a, b) => (a.id < b.id ? -1 : 1)) };
    });
    return { nowMs: this.#now(), rounds };
  }

  #agreed({
    atMs,
    round: number,
    leader,
    recordAtMs,
    counted,
    members,
  }: Sighting & { kind: 'agreed' }): void {
    const round = this.#round(number) ?? this.#open(number, undefined, counted);
    round.leader = leader;
    round.recordMs = Math.min(recordAtMs, atMs);
    round.agreedMs = atMs;
    for (const author of counted) this.#peer(round, author);
    for (const peer of round.peers.values()) peer.counted = counted.includes(peer.id);
    this.#open(number + 1, atMs, members);
  }

  #open(number: number, startMs: number | undefined, members: readonly PeerId[]): Round {
    const round: Round = {
      ...{ round: number, startMs, leader: undefined, recordMs: undefined },
      ...{ agreedMs: undefined, appliedMs: undefined, peers: new Map<PeerId, Peer>() },
    };
    if (members.includes(this.#self)) this.#peer(round, this.#self);
    for (const member of [...members].sort()) this.#peer(round, member);
    this.#rounds = [...this.#rounds.filter((one) => one.round < number), round].slice(-(roundsKept + 1));
    return round;
  }

  #round(number: number): Round | undefined {
    return this.#rounds.find(({ round }) => round === number);
  }

  /** Its entry in a round; undefined where there are enough. */
  #peer({ peers }: Round, id: PeerId): Peer | undefined {
    const known = peers.get(id);
    if (known !== undefined || peers.size >= peersTimed) return known;
    const nothing = { contributionMs: undefined, haveMs: undefined, confirmMs: undefined };
    const peer: Peer = { id, ...nothing, counted: undefined };
    peers.set(id, peer);
    return peer;
  }
}
