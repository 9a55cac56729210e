import type { Clock } from '../base/clock.ts';
import type { SeededRandom } from '../base/random.ts';
import { decodeServerMessage, encodeMessage, type ClientMessage } from './signaling-protocol.ts';

/** Publish and subscribe by topic, as the mesh needs it. Delivery is best effort: what matters is said again. */
export interface Signaling {
  /** Tells `listener` what others, and this client itself, publish on `topic`. The returned function ends it. */
  subscribe(topic: string, listener: (data: unknown) => void): () => void;
  /** Sends to every connected server; lost when there is none. */
  publish(topic: string, data: unknown): void;
  /** Calls back now if connected, and after every new connection. The returned function ends it. */
  onConnected(listener: () => void): () => void;
}

export interface SignalingClientOptions {
  /** ws: or wss: addresses. Each is kept connected. */
  readonly urls: readonly string[];
  readonly clock: Clock;
  /** Spreads reconnects, so that a restarted server does not meet everyone at once. */
  readonly random: SeededRandom;
  readonly openSocket?: (url: string) => WebSocket;
}

const firstRetryMs = 500;
const longestRetryMs = 30_000;
/** A connection that stood this long was good: the next retry starts from the shortest wait again. */
const goodAfterMs = 10_000;
const pingEveryMs = 25_000;

/** One server: a WebSocket that comes back. */
class Line {
  readonly #url: string;
  readonly #options: SignalingClientOptions;
  readonly #onOpen: (line: Line) => void;
  readonly #onText: (text: string) => void;
  #socket: WebSocket | undefined;
  #failures = 0;
  #closed = false;
  #heardSincePing = true;
  #cancelTimer: () => void = () => undefined;

  constructor(
    url: string,
    options: SignalingClientOptions,
    onOpen: (line: Line) => void,
    onText: (text: string) => void,
  ) {
    this.#url = url;
    this.#options = options;
    this.#onOpen = onOpen;
    this.#onText = onText;
    this.#connect();
  }

  get connected(): boolean {
    return this.#socket?.readyState === 1;
  }

  send(message: ClientMessage): void {
    const text = encodeMessage(message);
    if (this.connected && text !== undefined) this.#socket?.send(text);
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#socket?.close();
  }

  #connect(): void {
    const { clock, openSocket = (url: string) => new WebSocket(url) } = this.#options;
    const socket = openSocket(this.#url);
    this.#socket = socket;
    let openedAt: number | undefined;
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      const good = openedAt !== undefined && clock.now() - openedAt >= goodAfterMs;
      this.#failures = good ? 0 : this.#failures + 1;
      this.#cancelTimer();
      if (!this.#closed) this.#cancelTimer = clock.after(this.#retryMs(), () => this.#connect());
    };
    socket.onopen = () => {
      openedAt = clock.now();
      this.#heardSincePing = true;
      this.#cancelTimer = clock.after(pingEveryMs, () => this.#ping(socket, end));
      if (!this.#closed) this.#onOpen(this);
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      this.#heardSincePing = true;
      if (typeof event.data === 'string' && !this.#closed) this.#onText(event.data);
    };
    socket.onclose = end;
    // A close event follows every error.
    socket.onerror = () => undefined;
  }

  #ping(socket: WebSocket, end: () => void): void {
    if (!this.#heardSincePing) {
      // Half-open: a close handshake would wait for a server that is not there.
      socket.close();
      end();
      return;
    }
    this.#heardSincePing = false;
    this.send({ type: 'ping' });
    this.#cancelTimer = this.#options.clock.after(pingEveryMs, () => this.#ping(socket, end));
  }

  /** Half to all of 0.5 s, 1 s, 2 s ... 30 s. */
  #retryMs(): number {
    const longest = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.max(0, this.#failures - 1));
    return longest * (0.5 + 0.5 * this.#options.random.float());
  }
}

/** The signaling servers of a run, as one. Reconnects, and subscribes again when it does. */
export class SignalingClient implements Signaling {
  readonly #lines: readonly Line[];
  readonly #topics = new Map<string, Set<(data: unknown) => void>>();
  readonly #connectedListeners = new Set<() => void>();
  readonly #rejections = new Map<string, number>();

  constructor(options: SignalingClientOptions) {
    this.#lines = options.urls.map(
      (url) =>
        new Line(
          url,
          options,
          (line) => this.#opened(line),
          (text) => this.#receive(text),
        ),
    );
  }

  /** Whether a server is connected now. */
  get connected(): boolean {
    return this.#lines.some((line) => line.connected);
  }

  /** What servers sent that is not signaling, by reason. */
  get rejections(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#rejections);
  }

  subscribe(topic: string, listener: (data: unknown) => void): () => void {
    const listeners = this.#topics.get(topic);
    if (listeners !== undefined) listeners.add(listener);
    else {
      this.#topics.set(topic, new Set([listener]));
      for (const line of this.#lines) line.send({ type: 'subscribe', topics: [topic] });
    }
    return () => {
      const left = this.#topics.get(topic);
      if (left?.delete(listener) !== true || left.size > 0) return;
      this.#topics.delete(topic);
      for (const line of this.#lines) line.send({ type: 'unsubscribe', topics: [topic] });
    };
  }

  publish(topic: string, data: unknown): void {
    for (const line of this.#lines) line.send({ type: 'publish', topic, data });
  }

  onConnected(listener: () => void): () => void {
    this.#connectedListeners.add(listener);
    if (this.connected) listener();
    return () => {
      this.#connectedListeners.delete(listener);
    };
  }

  close(): void {
    this.#topics.clear();
    this.#connectedListeners.clear();
    for (const line of this.#lines) line.close();
  }

  #opened(line: Line): void {
    if (this.#topics.size > 0) line.send({ type: 'subscribe', topics: [...this.#topics.keys()] });
    for (const listener of [...this.#connectedListeners]) listener();
  }

  #receive(text: string): void {
    const message = decodeServerMessage(text);
    if (!message.ok) {
      this.#rejections.set(message.reason, (this.#rejections.get(message.reason) ?? 0) + 1);
      return;
    }
    if (message.value.type !== 'publish') return;
    for (const listener of [...(this.#topics.get(message.value.topic) ?? [])])
      listener(message.value['data']);
  }
}
