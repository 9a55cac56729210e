/** Why the server refused something. A closed list, so that no client can invent a label. */
export const refusalReasons = [
  'not JSON',
  'wrong shape',
  'nested too deeply',
  'message too large',
  'malformed frame',
  'too many topics for a connection',
  'too many topics',
  'message rate',
  'byte rate',
  'too many refusals',
  'slow reader',
  'no pong',
  'too many connections',
  'too many connections from an address',
  'shutting down',
  'socket broken',
  'no first byte',
  'TLS handshake',
  'TLS not offered',
  'malformed HTTP',
  'HTTP method',
  'HTTP path',
] as const;

export type RefusalReason = (typeof refusalReasons)[number];

/** Gauges read when the text is made. */
export interface Gauges {
  readonly connections: number;
  readonly topics: number;
  readonly sockets: number;
}

const messageTypes = ['subscribe', 'unsubscribe', 'publish', 'ping'] as const;
type MessageType = (typeof messageTypes)[number];

/** Counts since the start of the server. */
export class Metrics {
  readonly #refused = new Map<RefusalReason, number>(refusalReasons.map((reason) => [reason, 0]));
  readonly #messages = new Map<MessageType, number>(messageTypes.map((type) => [type, 0]));
  #forwarded = 0;
  #forwardedBytes = 0;
  #opened = 0;
  #requests = 0;

  refuse(reason: RefusalReason, count = 1): void {
    this.#refused.set(reason, this.refused(reason) + count);
  }

  refused(reason: RefusalReason): number {
    return this.#refused.get(reason) ?? 0;
  }

  message(type: MessageType): void {
    this.#messages.set(type, (this.#messages.get(type) ?? 0) + 1);
  }

  forward(bytes: number): void {
    this.#forwarded++;
    this.#forwardedBytes += bytes;
  }

  open(): void {
    this.#opened++;
  }

  request(): void {
    this.#requests++;
  }

  /** Prometheus text exposition format 0.0.4. */
  text(gauges: Gauges): string {
    const lines: string[] = [];
    const metric = (
      name: string,
      type: 'counter' | 'gauge',
      help: string,
      samples: readonly (readonly [labels: string, value: number])[],
    ) => {
      lines.push(`# HELP starling_${name} ${help}`, `# TYPE starling_${name} ${type}`);
      for (const [labels, value] of samples) lines.push(`starling_${name}${labels} ${value}`);
    };
    metric('signaling_connections', 'gauge', 'Signaling sockets open now.', [['', gauges.connections]]);
    metric('signaling_topics', 'gauge', 'Topics with a subscriber.', [['', gauges.topics]]);
    metric('sockets', 'gauge', 'TCP connections open now.', [['', gauges.sockets]]);
    metric('signaling_connections_total', 'counter', 'Signaling sockets accepted.', [['', this.#opened]]);
    metric(
      'signaling_messages_total',
      'counter',
      'Messages taken, by type.',
      [...this.#messages].map(([type, count]) => [`{type="${type}"}`, count] as const),
    );
    metric('signaling_forwarded_total', 'counter', 'Messages sent on to a subscriber.', [
      ['', this.#forwarded],
    ]);
    metric('signaling_forwarded_bytes_total', 'counter', 'Bytes of the messages sent on.', [
      ['', this.#forwardedBytes],
    ]);
    metric('http_requests_total', 'counter', 'HTTP requests.', [['', this.#requests]]);
    metric(
      'refused_total',
      'counter',
      'What was refused, by reason.',
      [...this.#refused].map(([reason, count]) => [`{reason="${reason}"}`, count] as const),
    );
    return `${lines.join('\n')}\n`;
  }
}
