import * as fc from 'fast-check';
import { SeededRandom } from '../base/random.ts';
import type { Digest } from '../base/ids.ts';
import { kindNumbers } from '../swarm/protocol.ts';
import { fakeCrypto, fakeSigner } from './fake-crypto.ts';
import { nodeCrypto, nodeSigner } from './node-crypto.ts';
import { SwarmWorld, type TestVolunteer } from './swarm-world.ts';
import { TwoFacedTransport } from './two-faced.ts';

/** One thing that happens to the swarm when its fastest volunteer reaches `round`. */
export interface Disturbance {
  readonly round: number;
  readonly kind:
    | 'join'
    | 'leave'
    | 'vanish'
    | 'pause'
    | 'partition'
    | 'cut'
    | 'freeze'
    | 'leader-dies-before'
    | 'leader-dies-during'
    | 'leader-dies-after'
    | 'two-leaders';
  /** Chooses whom it happens to. */
  readonly whom: number;
  readonly forMs: number;
}

export interface Story {
  readonly seed: number;
  readonly open: boolean;
  readonly delayMs: readonly [number, number];
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
  /** Members that tell two stories, below a third. */
  readonly liars: number;
  readonly disturbances: readonly Disturbance[];
}

export const modelVolunteers = 16;
export const modelRounds = 200;
const deadlineMs = 1_500;
const successionMs = 500;
/** Longer than any partition here lasts, so that only vanished members, never absent ones, are given up. */
const epochAfter = 64;

const kinds: readonly Disturbance['kind'][] = [
  ...(['join', 'leave', 'vanish', 'pause', 'partition', 'cut', 'freeze'] as const),
  ...(['leader-dies-before', 'leader-dies-during', 'leader-dies-after', 'two-leaders'] as const),
];

/** Stories shrink towards fewer disturbances, a quiet network and no liars. */
export const stories: fc.Arbitrary<Story> = fc.record({
  seed: fc.nat(1_000_000),
  open: fc.boolean(),
  delayMs: fc.constantFrom([1, 5] as const, [1, 30] as const, [5, 80] as const),
  loss: fc.constantFrom(0, 0, 0.002, 0.01),
  duplicate: fc.constantFrom(0, 0, 0.02),
  reorder: fc.constantFrom(0, 0, 0.05),
  liars: fc.constantFrom(0, 0, 1, 2),
  disturbances: fc.array(
    fc.record({
      round: fc.integer({ min: 3, max: modelRounds - 30 }),
      kind: fc.constantFrom(...kinds),
      whom: fc.nat(1_000),
      forMs: fc.constantFrom(50, 300, 1_000, 2_500),
    }),
    { maxLength: 14 },
  ),
});

/** Plays a story, checks every invariant, and returns the last round; throws an Error that names what broke. `real`: with real signatures. */
export async function playStory(story: Story, real: boolean, rounds = modelRounds): Promise<number> {
  const model = new ModelSwarm(story, real);
  try {
    await model.play(rounds);
    return Math.max(...model.world.live.map(({ round }) => round));
  } finally {
    model.world.close();
  }
}

const hello = kindNumbers.hello;

class ModelSwarm {
  readonly world: SwarmWorld;
  readonly #story: Story;
  readonly #random: SeededRandom;
  readonly #final = new Map<number, Digest>();
  readonly #liars = new Set<number>();
  #healAt: (() => void)[] = [];

  constructor(story: Story, real: boolean) {
    this.#story = story;
    this.#random = new SeededRandom(story.seed + 7);
    const { seed, open, delayMs, loss, duplicate, reorder } = story;
    // A majority tolerates no liars; that is what the starter of a run by invitation trusts it with.
    const liars = open ? story.liars : 0;
    for (let n = 1; n <= liars; n++) this.#liars.add(n);
    const signer = real ? nodeSigner : fakeSigner;
    this.world = new SwarmWorld({
      ...{ seed, open, delayMs, minMembers: 4, roundDeadlineMs: deadlineMs, epochAfter },
      chaos: { loss, duplicate, reorder, spares: (message) => ((message[0] ?? 0) & 31) === hello },
      crypto: real ? nodeCrypto() : fakeCrypto,
      signer,
      wrap: (transport, n) =>
        this.#liars.has(n)
          ? new TwoFacedTransport(
              transport,
              signer(n),
              this.world.rules.runId,
              (_, round) => round % 5 === n % 5,
            )
          : transport,
    });
  }

  async play(rounds: number): Promise<void> {
    const { world } = this;
    for (let n = 0; n < 10; n++) world.join();
    const due = [...this.#story.disturbances].sort((a, b) => a.round - b.round);
    const limitMs = 30_000 + rounds * 1_000;
    const endMs = world.clock.now() + limitMs;
    let checkedMs = 0;
    for (;;) {
      const head = Math.max(...world.live.map(({ round }) => round));
      while (due[0] !== undefined && due[0].round <= head) this.#disturb(due.shift() as Disturbance);
      if (head >= rounds && due.length === 0) break;
      await world.step(10);
      if (world.clock.now() - checkedMs >= 200) {
        checkedMs = world.clock.now();
        this.#checkFinality();
        if (checkedMs > endMs) throw new Error(`no round ${rounds} after ${limitMs} ms\n${this.#describe()}`);
      }
    }
    await this.#calm();
    this.#checkRounds();
    this.#checkSettlements();
  }

  get #honest(): TestVolunteer[] {
    return this.world.live.filter((one) => !this.#liars.has(one.n));
  }

  /** Everything heals; all live replicas end in one state, and what was counted before is final. */
  async #calm(): Promise<void> {
    const { world } = this;
    for (const heal of this.#healAt) heal();
    this.#healAt = [];
    for (const one of world.live) {
      one.thaw();
      for (const other of world.live) if (one !== other) world.network.mend(one.id, other.id);
      one.swarm.setMembership(true);
    }
    // Where too many vanished without a word, it takes an epoch change to be final again; in an open run only its founder's.
    const [founder] = world.volunteers;
    const mayStay = this.#story.open && founder?.gone === true;
    const target = Math.max(...world.live.map(({ round }) => round)) + 8;
    const agreed = (): boolean => {
      const honest = this.#honest;
      if (!honest.every(({ round }) => round >= target)) return false;
      const common = Math.min(...honest.map(({ round }) => round));
      const states = new Set(honest.map(({ states: all }) => all.get(common)));
      return (
        states.size === 1 &&
        !states.has(undefined) &&
        (mayStay || honest.every((one) => one.swarm.view().finalRound >= target - 6))
      );
    };
    const endMs = world.clock.now() + 120_000;
    let steps = 0;
    while (!agreed()) {
      await world.step(10);
      if (steps++ % 20 === 0) this.#checkFinality();
      if (world.clock.now() > endMs)
        throw new Error(
          `the calm swarm does not agree by round ${target}\n${this.#describe()}\n${this.#honest.map((one) => one.states.get(Math.min(...this.#honest.map(({ round }) => round)))).join()}`,
        );
    }
    this.#checkFinality();
  }

  #disturb({ kind, whom, forMs }: Disturbance): void {
    const { world } = this;
    const { live } = world;
    const one = live[whom % live.length];
    const spare = live.length > 4;
    if (one === undefined) return;
    switch (kind) {
      case 'join':
        if (live.length < modelVolunteers) world.join();
        return;
      case 'leave':
        if (spare) one.close();
        return;
      case 'vanish':
        if (spare) one.vanish();
        return;
      case 'pause':
        one.swarm.setMembership(false);
        this.#later(forMs, () => {
          if (!one.gone) one.swarm.setMembership(true);
        });
        return;
      case 'freeze':
        one.freeze();
        this.#later(forMs, () => {
          one.thaw();
        });
        return;
      case 'cut':
        this.#cut([one], [live[(whom + 1 + (whom % 3)) % live.length] ?? one], forMs);
        return;
      case 'partition': {
        const side = live.filter((_, i) => ((whom >> (i % 10)) & 1) === 1);
        this.#cut(
          side,
          live.filter((other) => !side.includes(other)),
          forMs,
        );
        return;
      }
      case 'leader-dies-before':
      case 'leader-dies-during':
      case 'leader-dies-after':
      case 'two-leaders':
        this.#disturbLeader(kind, forMs);
    }
  }

  #disturbLeader(kind: Disturbance['kind'], forMs: number): void {
    const { live } = this.world;
    const id = live[0]?.swarm.view().leader;
    const leader = live.find((one) => one.id === id);
    if (leader === undefined || live.length <= 4) return;
    if (kind === 'leader-dies-before') leader.vanish();
    else if (kind === 'two-leaders')
      // Seen by half, missed by half: the next rank leads too.
      this.#cut(
        [leader],
        live.filter((one, i) => one !== leader && i % 2 === 0),
        forMs,
      );
    else
      leader.vanishAtRecord(
        kind === 'leader-dies-during' ? 1 + this.#random.below(live.length - 1) : live.length,
      );
  }

  #cut(a: readonly TestVolunteer[], b: readonly TestVolunteer[], forMs: number): void {
    const { network } = this.world;
    const pairs = a.flatMap((one) =>
      b.filter((other) => other !== one).map((other) => [one.id, other.id] as const),
    );
    for (const [one, other] of pairs) network.cut(one, other);
    this.#later(forMs, () => {
      for (const [one, other] of pairs) network.mend(one, other);
    });
  }

  #later(ms: number, heal: () => void): void {
    this.#healAt.push(heal);
    this.world.clock.after(ms, heal);
  }

  /** No two volunteers ever hold different records final in one round. */
  #checkFinality(): void {
    for (const one of this.#honest) {
      const { epoch, ledger } = one.swarm.view();
      // An epoch change gives finality up on purpose: who was cut off by then may hold another chain.
      if (epoch > 0) continue;
      for (const { record, standing } of ledger) {
        if (standing !== 'final') continue;
        const known = this.#final.get(record.round);
        if (known === undefined) this.#final.set(record.round, record.digest);
        else if (known !== record.digest)
          throw new Error(
            `finality forked in round ${record.round}: ${known} and ${record.digest} (${one.name})\n${this.#describe()}`,
          );
      }
    }
  }

  /** No round outlasts its deadline plus its successions; a contribution counts at most once. */
  #checkRounds(): void {
    // All ranks may be silent in turn, and after a split the deadline counts anew on the other chain.
    const most = 2 * deadlineMs + (modelVolunteers + 2) * successionMs + 500;
    for (const { name, longest } of this.#honest) {
      if (longest.ms > most)
        throw new Error(`round ${longest.round} of ${name} took ${longest.ms} ms, more than ${most}`);
    }
    for (const one of this.#honest) {
      const counted = [...one.records.values()].flatMap(({ contributions }) =>
        contributions.map(({ digest }) => digest),
      );
      if (new Set(counted).size !== counted.length)
        throw new Error(`${one.name} counted a contribution twice`);
    }
  }

  /** Each contribution that was sent is settled once: counted if the final chain counts it, else given back. */
  #checkSettlements(): void {
    for (const one of this.#honest) {
      const rounds = one.settlements.map(({ round }) => round);
      if (new Set(rounds).size !== rounds.length)
        throw new Error(`${one.name} was told twice what became of a round`);
      const final = one.swarm.view().finalRound;
      for (const { round, digest, counted } of one.settlements) {
        const record = one.records.get(round);
        if (record === undefined || record.digest !== this.#final.get(round)) continue;
        const does = record.contributions.some((contribution) => contribution.digest === digest);
        if (does !== counted) throw new Error(`${one.name} was told the wrong fate of round ${round}`);
      }
      if (one.entries.length > 1) continue; // a volunteer that took the model anew has given up on what it sent before
      for (const round of one.sent) {
        if (round <= final && !rounds.includes(round))
          throw new Error(`${one.name} was never told what became of round ${round} (final ${final})`);
      }
    }
  }

  #describe(): string {
    return this.world.volunteers
      .map((one) => `${one.name}: ${one.gone ? 'gone' : one.describe()}`)
      .join('\n');
  }
}
