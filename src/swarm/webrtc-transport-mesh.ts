import type { Clock } from '../base/clock.ts';
import type { PeerId } from '../base/ids.ts';
import type { SeededRandom } from '../base/random.ts';
import { accepted } from '../base/verdict.ts';
import type { Signer, SwarmCrypto } from './identity.ts';
import type { Seal } from './invitation.ts';
import type { Signaling } from './signaling-client.ts';
import { decodeSignal, encodeSignal, type MeshSignal, type SignalBody } from './webrtc-transport-signals.ts';

export interface MeshSignalingOptions {
  readonly signer: Signer;
  readonly room: string;
  readonly signaling: Signaling;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly crypto: SwarmCrypto;
  /** Of a run by invitation: only holders of its key are heard. */
  readonly seal?: Seal | undefined;
}

export interface MeshSignalingHandlers {
  /** A signal for us, proved to be from `signal.from`, never from ourselves. In the order they came. */
  signal(signal: MeshSignal): void;
  rejected(peer: PeerId, reason: string): void;
}

/** The peer in a `rejected` event when nothing proves who sent it: anyone can publish to a room. */
export const unprovenPeer = '0'.repeat(32) as PeerId;

/** Signals waiting for their signature to be checked. */
const maxWaitingSignals = 512;
const announceEveryMs = 20_000;

/**
 * Signed words with the volunteers of a room. What is for everyone goes to the room's topic, what is for one to a topic of
 * its own, so that a server does not send every candidate to everybody.
 */
export class MeshSignaling {
  readonly #options: MeshSignalingOptions;
  readonly #handlers: MeshSignalingHandlers;
  readonly #session: string;
  readonly #roomTopic: string;
  readonly #endings: (() => void)[];
  #waiting = 0;
  #queue: Promise<void> = Promise.resolve();
  #cancelAnnounce: () => void = () => undefined;
  #closed = false;

  constructor(options: MeshSignalingOptions, handlers: MeshSignalingHandlers) {
    const { signaling, random, signer } = options;
    this.#options = options;
    this.#handlers = handlers;
    this.#session = Array.from({ length: 4 }, () => random.u32().toString(16).padStart(8, '0')).join('');
    this.#roomTopic = `starling/mesh/${options.room}`;
    const hear = (topic: string) => signaling.subscribe(topic, (data) => this.#take(data, topic));
    this.#endings = [
      hear(this.#roomTopic),
      hear(this.#topicOf(signer.id)),
      signaling.onConnected(() => this.#announce()),
    ];
    this.#announceLater();
  }

  /** Tells one peer, in the session it is known by. */
  tell(peer: PeerId, session: string, body: Exclude<SignalBody, { kind: 'announce' }>): void {
    this.#publish(this.#topicOf(peer), { peer, session }, body);
  }

  close(): void {
    this.#closed = true;
    this.#cancelAnnounce();
    for (const end of this.#endings) end();
  }

  #topicOf(peer: PeerId): string {
    return `${this.#roomTopic}/${peer}`;
  }

  #announce(): void {
    this.#publish(this.#roomTopic, undefined, { kind: 'announce' });
  }

  #announceLater(): void {
    const { clock, random } = this.#options;
    this.#cancelAnnounce = clock.after(announceEveryMs * (0.75 + 0.5 * random.float()), () => {
      this.#announce();
      this.#announceLater();
    });
  }

  #publish(topic: string, to: MeshSignal['to'], body: SignalBody): void {
    const { room, signer, signaling, seal } = this.#options;
    const signed = encodeSignal({ session: this.#session, to, body }, room, signer);
    (seal === undefined ? signed : signed.then((data) => seal.shut(data, topic))).then(
      (data) => {
        if (!this.#closed) signaling.publish(topic, data);
      },
      () => this.#handlers.rejected(signer.id, 'signal-not-signed'),
    );
  }

  #take(data: unknown, topic: string): void {
    if (this.#waiting >= maxWaitingSignals) {
      this.#handlers.rejected(unprovenPeer, 'signals-too-fast');
      return;
    }
    this.#waiting++;
    this.#queue = this.#queue
      .then(() => this.#check(data, topic))
      .catch(() => this.#handlers.rejected(unprovenPeer, 'signal-check-failed'))
      .finally(() => this.#waiting--);
  }

  async #check(sealed: unknown, topic: string): Promise<void> {
    const { room, signer, crypto, seal } = this.#options;
    const opened = seal === undefined ? accepted(sealed) : await seal.open(sealed, topic);
    const signal = opened.ok ? await decodeSignal(opened.value, room, signer.id, crypto) : opened;
    if (this.#closed) return;
    if (!signal.ok) this.#handlers.rejected(unprovenPeer, signal.reason);
    else if (signal.value !== undefined && this.#isForThisSession(signal.value))
      this.#handlers.signal(signal.value);
  }

  /** What names another session of ours was said before we reloaded, or is played back to us. */
  #isForThisSession({ from, to }: MeshSignal): boolean {
    return from !== this.#options.signer.id && (to === undefined || to.session === this.#session);
  }
}
