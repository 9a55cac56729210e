export type Subscribed = 'added' | 'already' | 'client is full' | 'server is full';

/** Who listens to which topic, within bounds. A topic exists while someone subscribes to it. */
export class Topics<Client> {
  readonly #maxPerClient: number;
  readonly #maxTopics: number;
  readonly #subscribers = new Map<string, Set<Client>>();
  readonly #topicsOf = new Map<Client, Set<string>>();

  constructor(maxPerClient: number, maxTopics: number) {
    this.#maxPerClient = maxPerClient;
    this.#maxTopics = maxTopics;
  }

  get size(): number {
    return this.#subscribers.size;
  }

  subscribe(client: Client, topic: string): Subscribed {
    const mine = this.#topicsOf.get(client);
    if (mine?.has(topic) === true) return 'already';
    if (mine !== undefined && mine.size >= this.#maxPerClient) return 'client is full';
    const subscribers = this.#subscribers.get(topic);
    if (subscribers === undefined && this.#subscribers.size >= this.#maxTopics) return 'server is full';
    if (subscribers === undefined) this.#subscribers.set(topic, new Set([client]));
    else subscribers.add(client);
    if (mine === undefined) this.#topicsOf.set(client, new Set([topic]));
    else mine.add(topic);
    return 'added';
  }

  unsubscribe(client: Client, topic: string): void {
    const mine = this.#topicsOf.get(client);
    if (mine?.delete(topic) !== true) return;
    if (mine.size === 0) this.#topicsOf.delete(client);
    const subscribers = this.#subscribers.get(topic);
    subscribers?.delete(client);
    if (subscribers?.size === 0) this.#subscribers.delete(topic);
  }

  /** Ends every subscription of a client that went. */
  drop(client: Client): void {
    for (const topic of [...(this.#topicsOf.get(client) ?? [])]) this.unsubscribe(client, topic);
  }

  subscribers(topic: string): ReadonlySet<Client> {
    return this.#subscribers.get(topic) ?? new Set();
  }
}
