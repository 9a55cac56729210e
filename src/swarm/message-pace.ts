import type { PeerId } from '../base/ids.ts';
import { Bucket } from './bucket.ts';
import type { Kind } from './protocol.ts';

/**
 * Kinds that cost more to hear than to say, or make us send, and that nothing else bounds: how many at once, and how many a second
 * from then on. A member of 64 says each of them a few times a round; a latecomer asks for a record at a time, and is sent all
 * that it names.
 */
const paced: Readonly<Partial<Record<Kind, readonly [burst: number, perSecond: number]>>> = {
  hello: [256, 128],
  confirm: [256, 128],
  leave: [256, 128],
  named: [256, 128],
  'want-contribution': [256, 64],
  'want-named': [128, 16],
  'want-record': [128, 16],
};

/** How often each peer may say what is cheap to say: a flood is refused after a look into two maps. */
export class MessagePace {
  readonly #buckets = new Map<PeerId, Map<Kind, Bucket>>();

  /** Whether one more message of this kind is within what a peer may say. */
  allows(peer: PeerId, kind: Kind, nowMs: number): boolean {
    const pace = paced[kind];
    if (pace === undefined) return true;
    let ofPeer = this.#buckets.get(peer);
    if (ofPeer === undefined) {
      ofPeer = new Map();
      this.#buckets.set(peer, ofPeer);
    }
    let bucket = ofPeer.get(kind);
    if (bucket === undefined) {
      bucket = new Bucket(...pace, nowMs);
      ofPeer.set(kind, bucket);
    }
    return bucket.take(nowMs);
  }

  /** The peer is gone: a new link starts afresh, and costs more to make than a burst. */
  forget(peer: PeerId): void {
    this.#buckets.delete(peer);
  }
}
