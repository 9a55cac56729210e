import { toHex, utf8, type Bytes } from '../base/bytes.ts';
import { ManualClock } from '../base/clock.ts';
import { describeError, StarlingError } from '../base/errors.ts';
import type { PeerId, RunId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import type { Signer, SwarmCrypto } from '../swarm/identity.ts';
import { MemoryNetwork, type Chaos } from '../swarm/memory-transport.ts';
import type { RoundRecord, Settlement, Swarm, SwarmEvent, SwarmRules } from '../swarm/swarm-api.ts';
import { createSwarm } from '../swarm/swarm.ts';
import { kindNumbers } from '../swarm/protocol.ts';
import type { SendOutcome, Transport } from '../swarm/transport.ts';
import { fakeCrypto, fakeSigner } from './fake-crypto.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly minMembers?: number;
  readonly roundDeadlineMs?: number;
  /** Shortest and longest delay of a message, ms. */
  readonly delayMs?: readonly [number, number];
  readonly linkLoss?: number;
  readonly relinkMs?: number;
  readonly snapshotBytes?: number;
  readonly open?: boolean;
  readonly epochAfter?: number;
  readonly chaos?: Chaos;
  readonly crypto?: SwarmCrypto;
  /** Signer number n; fake ones unless given. */
  readonly signer?: (n: number) => Signer;
  /** What volunteer n sends through: a hostile member's own transport. */
  readonly wrap?: (transport: Transport, n: number) => Transport;
}

const startState = '0'.repeat(32);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Volunteers with a trivial model over a memory network, on one manual clock. The first volunteer is the founder. */
export class SwarmWorld {
  readonly clock = new ManualClock();
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;
  readonly volunteers: TestVolunteer[] = [];
  readonly rules: SwarmRules;
  readonly options: WorldOptions;

  constructor(options: WorldOptions) {
    this.options = options;
    this.random = new SeededRandom(options.seed);
    const { delayMs = [1, 30], linkLoss, relinkMs } = options;
    this.network = new MemoryNetwork({
      clock: this.clock,
      random: new SeededRandom(options.seed + 1_000),
      delayMs,
      ...(linkLoss === undefined ? {} : { linkLoss }),
      ...(relinkMs === undefined ? {} : { relinkMs }),
      ...(options.chaos === undefined ? {} : { chaos: options.chaos }),
    });
    this.rules = {
      runId: 'ab'.repeat(32) as RunId,
      founder: this.signer(0).id,
      minMembers: options.minMembers ?? 1,
      open: options.open ?? true,
      roundDeadlineMs: options.roundDeadlineMs ?? 2_000,
      maxPayloadBytes: 1_000,
      maxSnapshotBytes: 1 << 22,
      payloadProblem: (payload) => (payload[0] === 1 ? undefined : 'not a payload'),
    };
  }

  /** A volunteer that trains for `trainMs` (shortest, longest) a round; its loop starts now. */
  join(trainMs: readonly [number, number] = [20, 60]): TestVolunteer {
    const volunteer = new TestVolunteer(this, this.volunteers.length, trainMs);
    this.volunteers.push(volunteer);
    void volunteer.run();
    return volunteer;
  }

  signer(n: number): Signer {
    return (this.options.signer ?? fakeSigner)(n);
  }

  /** A peer of the network that follows no protocol. */
  stranger(n: number): { readonly id: PeerId; readonly transport: Transport } {
    const { id } = this.signer(n);
    return { id, transport: this.network.create(id) };
  }

  /** Moves time in steps of 5 ms until the condition holds; fails after `limitMs` of the world's time. */
  async until(what: string, condition: () => boolean, limitMs = 60_000): Promise<void> {
    const end = this.clock.now() + limitMs;
    while (!condition()) {
      if (this.clock.now() > end) {
        const state = this.volunteers.map((one) => `${one.name}: ${one.describe()}`).join('\n');
        throw new Error(`seed ${this.options.seed}: still not so after ${limitMs} ms: ${what}\n${state}`);
      }
      this.clock.advance(5);
      await turn();
    }
  }

  /** Moves time, and lets what follows from it happen. */
  async step(ms: number): Promise<void> {
    this.clock.advance(ms);
    await turn();
  }

  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    await this.until(`${ms} ms pass`, () => this.clock.now() >= end, ms + 10);
  }

  get live(): TestVolunteer[] {
    return this.volunteers.filter((one) => one.ended === undefined && !one.gone);
  }

  /** All live volunteers applied `round`. */
  async reaches(round: number, limitMs?: number): Promise<void> {
    await this.until(
      `round ${round} is applied`,
      () => this.live.every((one) => one.round >= round),
      limitMs,
    );
  }

  /** Rounds in which two volunteers applied different records or hold different states. */
  disagreements(among: readonly TestVolunteer[] = this.volunteers): number[] {
    const differing = new Set<number>();
    for (const a of among) {
      for (const b of among) {
        for (const [round, state] of a.states) {
          const other = b.states.get(round);
          if (other !== undefined && other !== state) differing.add(round);
        }
      }
    }
    return [...differing].sort((a, b) => a - b);
  }

  close(): void {
    for (const volunteer of this.volunteers) volunteer.swarm.close();
  }
}

/** The street with a model of 16 bytes: its state is the hash of its state and the record. */
export class TestVolunteer {
  readonly n: number;
  readonly name: string;
  /** Its tab was closed or killed. */
  gone = false;
  readonly swarm: Swarm;
  readonly transport: Transport;
  readonly states = new Map<number, string>();
  readonly records = new Map<number, RoundRecord>();
  readonly events: SwarmEvent[] = [];
  readonly #world: SwarmWorld;
  readonly #trainMs: readonly [number, number];
  round = -1;
  state = startState;
  ended: unknown;
  entries: string[] = [];
  readonly settlements: Settlement[] = [];
  /** Rounds in which it sent a contribution. */
  readonly sent: number[] = [];
  /** Its longest round, from record to record, while it followed without a break. */
  longest = { round: 0, ms: 0 };
  #agreedMs: number | undefined;
  /** The rounds it went back to. */
  readonly rollbacks: number[] = [];
  /** Makes the next state wrong. */
  flipNext = false;
  /** Says that this many of the next snapshots did not match. */
  distrustNext = 0;

  constructor(world: SwarmWorld, n: number, trainMs: readonly [number, number]) {
    this.#world = world;
    this.#trainMs = trainMs;
    this.n = n;
    const signer = world.signer(n);
    this.name = `volunteer ${n} (${signer.id.slice(0, 6)})`;
    const transport = world.network.create(signer.id);
    this.transport = this.#watch(world.options.wrap?.(transport, n) ?? transport);
    this.swarm = createSwarm({
      signer,
      transport: this.transport,
      clock: world.clock,
      rules: world.rules,
      crypto: world.options.crypto ?? fakeCrypto,
      successionMs: 500,
      epochAfter: world.options.epochAfter ?? 64,
    });
    this.swarm.onEvent((event) => this.events.push(event));
    this.swarm.onSettled((settlement) => this.settlements.push(settlement));
  }

  #frozen: { readonly thawed: Promise<void>; readonly thaw: () => void } | undefined;

  /** Training stops before the next step, as in a suspended tab, though the network goes on. */
  freeze(): void {
    this.#agreedMs = undefined;
    let thaw = (): void => undefined;
    const thawed = new Promise<void>((resolve) => (thaw = resolve));
    this.#frozen = { thawed, thaw };
  }

  thaw(): void {
    this.#frozen?.thaw();
    this.#frozen = undefined;
  }

  get id(): PeerId {
    return this.swarm.self;
  }

  /** Closes the tab. */
  close(): void {
    this.gone = true;
    this.swarm.close();
  }

  /** Is killed without a word. */
  vanish(): void {
    this.gone = true;
    this.#world.network.vanish(this.id);
    this.swarm.close();
  }

  /** Is killed when its next record has gone to so many peers. */
  vanishAtRecord(peers: number): void {
    this.#dyingAfter = peers;
  }

  #dyingAfter: number | undefined;
  #recordsSent = 0;

  /** Counts the records of its own that leave, for vanishAtRecord. */
  #watch(inner: Transport): Transport {
    const send = (to: PeerId, message: Bytes): SendOutcome => {
      const outcome = inner.send(to, message);
      if (this.#dyingAfter === undefined || ((message[0] ?? 0) & 31) !== kindNumbers.record) return outcome;
      if (++this.#recordsSent === this.#dyingAfter) {
        // What it sent is under way; nothing more is.
        this.gone = true;
        this.#world.clock.after(0, () => {
          this.vanish();
        });
      }
      return outcome;
    };
    return {
      self: inner.self,
      peers: () => inner.peers(),
      send: (to, message) => (this.gone ? 'gone' : send(to, message)),
      listen: (listener) => {
        inner.listen(listener);
      },
      stats: () => inner.stats(),
      counted: () => inner.counted(),
      close: () => {
        inner.close();
      },
    };
  }

  describe(): string {
    const { round, members, connected, waitingFor, rejections, finalRound, epoch } = this.swarm.view();
    const lists = `${members.length} members, ${connected.length} linked, ${JSON.stringify(rejections)}`;
    const final = `final ${finalRound}${epoch === 0 ? '' : ` in epoch ${epoch}`}`;
    return `applied ${this.round}, head ${round}, ${final}, ${lists}: ${waitingFor} ${this.ended === undefined ? '' : describeError(this.ended)}`;
  }

  async run(): Promise<void> {
    try {
      await this.#enter(this.swarm.enter(startState));
      for (;;) {
        try {
          await this.#trainRound(this.round + 1);
        } catch (thrown) {
          if (!(thrown instanceof StarlingError)) throw thrown;
          if (thrown.code === 'swarm-branch' && this.#goBack()) continue;
          if (thrown.code !== 'swarm-behind' && thrown.code !== 'swarm-branch') throw thrown;
          this.entries.push('behind');
          await this.#enter(this.swarm.reenter());
        }
      }
    } catch (thrown) {
      this.ended = thrown;
    }
  }

  async #enter(first: ReturnType<Swarm['enter']>): Promise<void> {
    let entry = await first;
    this.entries.push(entry.kind);
    while (entry.kind === 'snapshot' && this.distrustNext > 0) {
      this.distrustNext--;
      entry = await this.swarm.reenter();
      this.entries.push(entry.kind);
    }
    this.#agreedMs = undefined;
    this.round = entry.round;
    this.state = entry.kind === 'genesis' ? startState : toText(entry.bytes);
    if (entry.kind === 'snapshot') await this.swarm.confirm(entry.round, this.state, entry.record);
    await this.#keep();
  }

  /** To the newest state it kept of the chain as it now is. */
  #goBack(): boolean {
    const stored = this.swarm.stored();
    if (stored === undefined) return false;
    this.round = stored.round;
    this.state = stored.state;
    for (const round of [...this.states.keys()]) {
      if (round <= stored.round) continue;
      this.states.delete(round);
      this.records.delete(round);
    }
    this.rollbacks.push(stored.round);
    this.swarm.standAt(stored.round, stored.state);
    return true;
  }

  async #keep(): Promise<void> {
    const bytes = new Uint8Array(Math.max(32, this.#world.options.snapshotBytes ?? 32));
    bytes.set(utf8(this.state));
    await this.swarm.keep({ round: this.round, state: this.state, bytes });
  }

  async #trainRound(round: number): Promise<void> {
    const { clock, random } = this.#world;
    await this.#frozen?.thawed;
    if (this.swarm.isMember(round)) {
      const [least, most] = this.#trainMs;
      await new Promise<void>((resolve) => {
        clock.after(least + random.below(most - least + 1), resolve);
      });
      const payload = new Uint8Array([1, round & 255, random.below(256)]);
      const measures = { weight: 4, tokens: 256, loss: 5.1, validationLoss: undefined } as const;
      if (await this.swarm.publish(round, { payload, ...measures })) this.sent.push(round);
    }
    await this.#frozen?.thawed;
    const { record, contributions } = await this.swarm.agree(round);
    const now = clock.now();
    if (this.#agreedMs !== undefined && now - this.#agreedMs > this.longest.ms)
      this.longest = { round, ms: now - this.#agreedMs };
    this.#agreedMs = this.#frozen === undefined ? now : undefined;
    await this.#frozen?.thawed;
    const text = this.state + record.digest + contributions.map(({ payload }) => toHex(payload)).join();
    this.state = toHex(await fakeCrypto.sha256(utf8(text))).slice(0, 32);
    if (this.flipNext) this.state = `${this.state.slice(1)}${this.state.startsWith('0') ? '1' : '0'}`;
    this.flipNext = false;
    this.round = round;
    this.states.set(round, this.state);
    this.records.set(round, record);
    await this.swarm.confirm(round, this.state, record.digest);
    if (round % keepEvery === 0) await this.#keep();
  }
}

const keepEvery = 8;
const toText = (bytes: Bytes): string => new TextDecoder().decode(bytes.subarray(0, 32));
