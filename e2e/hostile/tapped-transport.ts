import { concatBytes, type Bytes } from '../../src/base/bytes.ts';
import type { PeerId, RunId } from '../../src/base/ids.ts';
import type { Signer } from '../../src/swarm/identity.ts';
import { decodeMessage, encodeUnsigned } from '../../src/swarm/protocol-codec.ts';
import {
  signedBytes,
  type Message,
  type RecordMessage,
  type SignedMessage,
} from '../../src/swarm/protocol.ts';
import type {
  ByteCounts,
  SendOutcome,
  Transport,
  TransportEvent,
  TransportStats,
} from '../../src/swarm/transport.ts';

/** What came from others. */
export interface Heard {
  readonly from: PeerId;
  readonly raw: Bytes;
  readonly message: Message;
}
const mostHeard = 400;

export async function signed(message: SignedMessage, signer: Signer, run: RunId): Promise<Bytes> {
  const unsigned = encodeUnsigned(message);
  return concatBytes(unsigned, await signer.sign(signedBytes(run, unsigned)));
}

/**
 * The transport of a member that keeps what it hears, to say it again, and that signs two records of one round while `twoFaced`
 * is above 0: half of its peers hear the one first, the rest the other.
 */
export class TappedTransport implements Transport {
  readonly self: PeerId;
  readonly heard: Heard[] = [];
  /** Rounds that it will still lead with two records. */
  twoFaced = 0;
  readonly ledTwice: number[] = [];
  readonly #inner: Transport;
  readonly #signer: Signer;
  readonly #run: RunId;
  readonly #others = new Map<string, Promise<Bytes>>();

  constructor(inner: Transport, signer: Signer, run: RunId) {
    this.self = inner.self;
    this.#inner = inner;
    this.#signer = signer;
    this.#run = run;
  }

  peers(): readonly PeerId[] {
    return this.#inner.peers();
  }

  send(to: PeerId, message: Bytes): SendOutcome {
    const other = this.#otherRecord(message);
    if (other === undefined) return this.#inner.send(to, message);
    const isFirst = [...this.#inner.peers()].sort().indexOf(to) % 2 === 0;
    void other.then((bytes) => {
      for (const one of isFirst ? [message, bytes] : [bytes, message]) this.#inner.send(to, one);
    });
    return 'queued';
  }

  /** As `send`, with nothing changed or added. */
  tell(to: PeerId, message: Bytes): void {
    this.#inner.send(to, message);
  }

  listen(listener: (event: TransportEvent) => void): void {
    this.#inner.listen((event) => {
      if (event.kind === 'message') this.#hear(event.peer, event.bytes);
      listener(event);
    });
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

  #hear(from: PeerId, bytes: Bytes): void {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok || decoded.value.message.kind === 'piece') return;
    this.heard.push({ from, raw: bytes.slice(), message: decoded.value.message });
    if (this.heard.length > mostHeard) this.heard.shift();
  }

  /** Another record for the round of the one we are about to send, as valid: it counts nobody. */
  #otherRecord(raw: Bytes): Promise<Bytes> | undefined {
    const decoded = decodeMessage(raw);
    if (!decoded.ok || decoded.value.message.kind !== 'record') return undefined;
    const record: RecordMessage = decoded.value.message;
    if (record.leader !== this.self || record.round === 0) return undefined;
    const name = `${record.round} ${record.parent}`;
    const known = this.#others.get(name);
    if (known !== undefined || this.twoFaced === 0) return known;
    this.twoFaced--;
    this.ledTwice.push(record.round);
    const other = signed(
      { ...record, authors: [], bodies: undefined, snapshot: undefined },
      this.#signer,
      this.#run,
    );
    this.#others.set(name, other);
    return other;
  }
}
