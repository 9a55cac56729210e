import type { WebSocket } from 'ws';
import type { Clock } from '../src/base/clock.ts';
import { decodeClientMessage, encodeMessage, type ClientMessage } from '../src/swarm/signaling-protocol.ts';
import { TokenBucket, type Limits } from './limits.ts';
import type { Metrics, RefusalReason } from './metrics.ts';
import type { Topics } from './topics.ts';

const pong = Buffer.from('{"type":"pong"}');

export interface ConnectionContext {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly topics: Topics<Connection>;
}

/** One signaling socket: judges what it sends, forwards what it may, and cuts it when it misbehaves for long. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #context: ConnectionContext;
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #patience: TokenBucket;
  #answeredPing = true;

  /** `onClosed` is called once, when the socket is gone and its subscriptions are ended. */
  constructor(socket: WebSocket, context: ConnectionContext, onClosed: () => void) {
    const { limits, clock, metrics, topics } = context;
    this.#socket = socket;
    this.#context = context;
    this.#messages = new TokenBucket(limits.messageBurst, limits.messagesPerSecond, clock);
    this.#bytes = new TokenBucket(limits.byteBurst, limits.bytesPerSecond, clock);
    this.#patience = new TokenBucket(limits.refusalBurst, limits.refusalsPerSecond, clock);
    socket.on('pong', () => {
      this.#answeredPing = true;
    });
    socket.on('message', (data) => {
      // ws gives a Buffer here: its default binaryType is nodebuffer.
      this.#receive(data as Buffer);
    });
    socket.on('error', (error: Error & { code?: string }) => {
      // After this event ws closes the socket itself: with 1009 for a message too large, 1002 or 1007 for the rest.
      const tooLarge = error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
      const malformed = error.code?.startsWith('WS_ERR') === true;
      metrics.refuse(tooLarge ? 'message too large' : malformed ? 'malformed frame' : 'socket broken');
    });
    socket.on('close', () => {
      topics.drop(this);
      onClosed();
    });
  }

  /** Cuts a client that has not answered the last ping, and pings the others. */
  checkAlive(): void {
    if (!this.#answeredPing) {
      this.#cut('no pong');
      return;
    }
    this.#answeredPing = false;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** Queues a message, as UTF-8, for this client, or cuts it when it has stopped reading. */
  send(text: Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#context.limits.unreadBytes) {
      this.#cut('slow reader');
      return;
    }
    // A failed write comes back as the socket's own error and close events.
    this.#socket.send(text, { binary: false }, () => undefined);
    this.#context.metrics.forward(text.length);
  }

  #receive(data: Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (!this.#messages.take(1)) {
      this.#refuse('message rate');
      return;
    }
    if (!this.#bytes.take(data.length)) {
      this.#refuse('byte rate');
      return;
    }
    const message = decodeClientMessage(data.toString('utf8'));
    if (!message.ok) {
      this.#refuse(message.reason === 'not JSON' ? 'not JSON' : 'wrong shape');
      return;
    }
    this.#context.metrics.message(message.value.type);
    this.#act(message.value);
  }

  #act(message: ClientMessage): void {
    const { topics } = this.#context;
    switch (message.type) {
      case 'subscribe':
        this.#subscribe(message.topics);
        break;
      case 'unsubscribe':
        for (const topic of message.topics) topics.unsubscribe(this, topic);
        break;
      case 'publish': {
        const receivers = topics.subscribers(message.topic);
        const text = encodeMessage({ ...message, clients: receivers.size });
        if (text === undefined) this.#refuse('nested too deeply');
        else {
          const bytes = Buffer.from(text);
          for (const receiver of [...receivers]) receiver.send(bytes);
        }
        break;
      }
      case 'ping':
        this.send(pong);
        break;
    }
  }

  #subscribe(wanted: readonly string[]): void {
    const refused = { 'client is full': 0, 'server is full': 0 };
    for (const topic of wanted) {
      const outcome = this.#context.topics.subscribe(this, topic);
      if (outcome === 'client is full' || outcome === 'server is full') refused[outcome]++;
    }
    if (refused['client is full'] > 0)
      this.#refuse('too many topics for a connection', refused['client is full']);
    if (refused['server is full'] > 0) this.#refuse('too many topics', refused['server is full']);
  }

  #refuse(reason: RefusalReason, count = 1): void {
    this.#context.metrics.refuse(reason, count);
    if (this.#patience.take(1)) return;
    this.#context.metrics.refuse('too many refusals');
    this.#context.topics.drop(this);
    this.#socket.close(1008, 'too many refused messages');
  }

  #cut(reason: RefusalReason): void {
    this.#context.metrics.refuse(reason);
    this.#context.topics.drop(this);
    this.#socket.terminate();
  }
}
