import { concatBytes, type Bytes } from '../base/bytes.ts';
import type { PeerId, RunId } from '../base/ids.ts';
import type { Signer } from '../swarm/identity.ts';
import { decodeMessage, encodeUnsigned } from '../swarm/protocol-codec.ts';
import { signedBytes, type SignedMessage } from '../swarm/protocol.ts';
import type {
  ByteCounts,
  SendOutcome,
  Transport,
  TransportEvent,
  TransportStats,
} from '../swarm/transport.ts';

/** When a two-faced member lies, by the round of what it sends. */
export type Lies = (kind: SignedMessage['kind'], round: number) => boolean;

/**
 * A member that says one thing to half of its peers and another, as correctly signed, to the rest: two records of one round,
 * two contributions, a confirm of a record that nobody made.
 */
export class TwoFacedTransport implements Transport {
  readonly self: PeerId;
  readonly #inner: Transport;
  readonly #signer: Signer;
  readonly #run: RunId;
  readonly #lies: Lies;
  told = 0;

  constructor(inner: Transport, signer: Signer, run: RunId, lies: Lies) {
    this.self = inner.self;
    this.#inner = inner;
    this.#signer = signer;
    this.#run = run;
    this.#lies = lies;
  }

  peers(): readonly PeerId[] {
    return this.#inner.peers();
  }

  send(to: PeerId, message: Bytes): SendOutcome {
    return this.#inner.send(to, parseInt(to.slice(0, 2), 16) % 2 === 0 ? message : this.#otherFace(message));
  }

  listen(listener: (event: TransportEvent) => void): void {
    this.#inner.listen(listener);
  }

  stats(): Promise<TransportStats> {
    return this.#inner.stats();
  }

  counted(): ByteCounts {
    return this.#inner.counted();
  }

  close(): void {
    this.#inner.close();
  }

  #otherFace(raw: Bytes): Bytes {
    const decoded = decodeMessage(raw);
    if (!decoded.ok) return raw;
    const other = otherOf(decoded.value.message as SignedMessage, this.self);
    if (other === undefined || !this.#lies(other.kind, other.round)) return raw;
    const unsigned = encodeUnsigned(other);
    const signature = this.#signer.sign(signedBytes(this.#run, unsigned));
    if (signature instanceof Promise) return raw;
    this.told++;
    return concatBytes(unsigned, signature);
  }
}

/** Only what it signs itself: what it hands on it cannot change. */
function otherOf(message: SignedMessage, self: PeerId): SignedMessage | undefined {
  switch (message.kind) {
    case 'record':
      return message.leader === self && message.round > 0
        ? { ...message, authors: [], bodies: undefined, snapshot: undefined }
        : undefined;
    case 'contribution':
      return message.author === self ? { ...message, tokens: message.tokens + 1 } : undefined;
    case 'confirm':
      return { ...message, record: `${message.record.slice(2)}00` as typeof message.record };
    case 'join':
    case 'leave':
      return undefined;
    default:
      return undefined; // not a signed kind at all
  }
}
