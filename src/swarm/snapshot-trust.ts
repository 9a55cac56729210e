import type { PeerId } from '../base/ids.ts';
import { sameHeader, type Announcement, type SnapshotHeader } from './snapshot-header.ts';

const mostPeers = 1_024;
const mostHeaders = 8;

/** Peers and snapshots that proved wrong. Bounded: the oldest are forgiven. */
export class Distrust {
  readonly #peers = new Set<PeerId>();
  #headers: readonly SnapshotHeader[] = [];

  addPeer(peer: PeerId): void {
    this.#peers.delete(peer);
    this.#peers.add(peer);
    const [oldest] = this.#peers;
    if (this.#peers.size > mostPeers && oldest !== undefined) this.#peers.delete(oldest);
  }

  addHeader(header: SnapshotHeader): void {
    this.#headers = [...this.#headers, header].slice(-mostHeaders);
  }

  hasPeer(peer: PeerId): boolean {
    return this.#peers.has(peer);
  }

  /** Snapshots not known to be wrong. */
  untried(announced: readonly Announcement[]): readonly Announcement[] {
    return announced.filter(({ header }) => !this.#headers.some((wrong) => sameHeader(wrong, header)));
  }

  /** The same, by peers that were not wrong. */
  clean(announced: readonly Announcement[]): readonly Announcement[] {
    return this.untried(announced).filter(({ peer }) => !this.#peers.has(peer));
  }
}

/** Answers that peers may still send, because we asked for them; everything else is unasked. */
export class Debts {
  readonly #owed = new Map<PeerId, { header: number; piece: number }>();

  add(peer: PeerId, kind: 'header' | 'piece'): void {
    const owed = this.#owed.get(peer) ?? { header: 0, piece: 0 };
    owed[kind]++;
    this.#owed.set(peer, owed);
  }

  /** Whether it was owed; if so, it no longer is. */
  settle(peer: PeerId, kind: 'header' | 'piece'): boolean {
    const owed = this.#owed.get(peer);
    if (owed === undefined || owed[kind] === 0) return false;
    owed[kind]--;
    return true;
  }

  forget(peer: PeerId): void {
    this.#owed.delete(peer);
  }
}
