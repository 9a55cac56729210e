import type { Bytes } from '../base/bytes.ts';
import { StarlingError } from '../base/errors.ts';
import type { Entry } from '../swarm/swarm-api.ts';
import { warmUpRounds, type CatchingUp } from './catching-up.ts';
import { Checkpoints, type Stand } from './checkpoints.ts';
import { Mender } from './mender.ts';
import type { StatusBoard } from './status-board.ts';
import type { Street } from './train-round.ts';

/** What a footing is given besides its street. */
export interface FootingHost {
  readonly board: StatusBoard;
  readonly catchingUp: CatchingUp;
  readonly wantsToTrain: () => boolean;
}

/**
 * Where the replica stands in the ledger, and how it gets there other than by a round: at entry, where the chain was cut back or
 * is given up, after the GPU was set up again, and where it differs and is repaired.
 */
export class Footing {
  /** Undefined until it has entered. */
  at: Stand | undefined;
  readonly #street: Street;
  readonly #host: FootingHost;
  readonly #checkpoints: Checkpoints;
  readonly #mender: Mender;
  /** The state before round 1, where this volunteer began there. */
  #initial: string | undefined;
  /** Weights that the run starts from, fetched before it had begun; until this volunteer stands. */
  #held: Bytes | undefined;
  /** Ends the fetching of them. */
  #enough: AbortController | undefined;
  /** What it is to stand on, from when that is asked for until the replica stands there. */
  #entering: { readonly entry: Promise<Entry>; readonly before: Stand | undefined } | undefined;

  constructor(street: Street, host: FootingHost) {
    this.#street = street;
    this.#host = host;
    // Whichever replica there is by then.
    const replica = {
      layout: street.replica.layout,
      snapshot: () => street.replica.snapshot(),
      restore: (bytes: Bytes) => street.replica.restore(bytes),
      digest: () => street.replica.digest(),
    };
    this.#checkpoints = new Checkpoints(street.swarm, replica, (thrown) => {
      void this.#notKept(thrown);
    });
    this.#mender = new Mender(street, this.#checkpoints);
  }

  async begin(): Promise<Stand> {
    const { start, replica, swarm } = this.#street;
    const state = start?.state ?? (await replica.digest());
    this.#host.board.stateDigest = state;
    this.#host.catchingUp.ask();
    if (start !== undefined) await this.#awaitStart(start);
    return this.#enter(swarm.enter(state));
  }

  /** The round after which it stands now was applied; it is kept where it is time for that. */
  stepped(after: Stand): void {
    this.at = after;
    if (after.round % this.#checkpoints.every === 0 || after.round === this.#street.config.endRound)
      this.#checkpoints.take(after);
  }

  /**
   * After the GPU was set up again: to the newest kept state, and the rounds since are applied again. What this volunteer keeps
   * for latecomers is enough for that; its momentum is lost, and who was dropped from the members meanwhile first warms up.
   */
  async comeBack(): Promise<Stand> {
    const { swarm } = this.#street;
    const { wantsToTrain, catchingUp } = this.#host;
    if (this.#entering !== undefined) return this.#enter(this.#entering.entry, this.#entering.before);
    if (this.at === undefined) return this.begin();
    const at = (await this.goBack()) ?? (await this.#backToStart()) ?? (await this.giveUpChain(this.at));
    const { isMember, active } = swarm.view();
    const warmsUp = !isMember && active.length > 0 && wantsToTrain();
    if (warmsUp) swarm.setMembership(false);
    catchingUp.enter(at.round, { isLate: false, warmsUp });
    return at;
  }

  /** To a kept state of the chain as it now is. */
  async goBack(): Promise<Stand | undefined> {
    const at = await this.#checkpoints.goBack();
    if (at === undefined) return undefined;
    this.#host.board.wentTo(at.round);
    this.#host.board.stateDigest = at.state;
    return at;
  }

  /**
   * The others' chain is another, or too far ahead: what was sent and is not final yet is lost, or its fate will not be
   * known here. It is not given back, since some of it may count.
   */
  giveUpChain(before: Stand): Promise<Stand> {
    const { board } = this.#host;
    for (const round of board.unsettledRounds) {
      this.#street.strategy.forget(round);
      board.lost(round, 'chain-left');
    }
    return this.#reenter(before);
  }

  /** Where the replica stands once it was looked into, if there is reason to. */
  async mend(at: Stand): Promise<Stand> {
    const { swarm } = this.#street;
    const { board } = this.#host;
    const doubted = this.#mender.inDoubt(swarm.view(), swarm.self, at);
    if (doubted === undefined) return at;
    const mended = await this.#mender.mend(doubted, at);
    switch (mended.kind) {
      case 'sound':
        this.#tell(
          'info',
          `Another volunteer's replica differed after round ${doubted}; replaying the ledger shows that ours is right.`,
        );
        return at;
      case 'lost':
        this.#tell(
          'info',
          `This replica differed after round ${doubted} and could not be repaired here (${mended.reason}); it takes the model from others.`,
        );
        return this.#reenter(at);
      case 'repaired':
        board.repairs++;
        board.stateDigest = mended.at.state;
        board.corrected(mended.at);
        this.#tell('repaired', mended.text);
        return mended.at;
    }
  }

  /**
   * Stands the replica where the swarm is: at the initial weights, or at a member's snapshot checked against the digest
   * its members confirmed. `before`: where it stood, if it was in the run already.
   */
  async #enter(first: Promise<Entry>, before?: Stand): Promise<Stand> {
    const { swarm, replica } = this.#street;
    const { board, catchingUp, wantsToTrain } = this.#host;
    this.#entering = { entry: first, before };
    let entry = await first;
    while (entry.kind === 'snapshot') {
      const restored = replica.restore(entry.bytes);
      if (restored.ok && (await replica.digest()) === entry.state) break;
      this.#entering = { entry: swarm.reenter(), before };
      entry = await this.#entering.entry;
    }
    this.#enough?.abort();
    if (entry.kind === 'genesis') await this.#restoreStart();
    this.#held = undefined;
    const state = entry.kind === 'snapshot' ? entry.state : await replica.digest();
    this.#entering = undefined;
    this.#checkpoints.moved();
    const { newestSeen, isMember, active } = swarm.view();
    const { round } = entry;
    const isLate = entry.kind === 'snapshot' || newestSeen - round >= warmUpRounds;
    // Momentum that was folded a few rounds ago is as good as any; and a member is waited for.
    const wasHere = before !== undefined && round - before.round < warmUpRounds;
    const warmsUp = isLate && !wasHere && !isMember && active.length > 0 && wantsToTrain();
    if (warmsUp) swarm.setMembership(false);
    else if (this.#street.start !== undefined && wantsToTrain()) swarm.setMembership(true);
    catchingUp.enter(round, { isLate, warmsUp });
    const at = { round, state };
    this.at = at;
    board.stateDigest = state;
    if (entry.kind === 'snapshot') {
      board.wentTo(round);
      await swarm.confirm(round, state, entry.record);
      this.#checkpoints.keep(at, entry.bytes);
      this.#initial = undefined;
    } else {
      this.#checkpoints.take(at);
      this.#initial = state;
    }
    return at;
  }

  #reenter(before: Stand): Promise<Stand> {
    this.#host.catchingUp.ask();
    return this.#enter(this.#street.swarm.reenter(), before);
  }

  /** To the initial weights, which the replica holds again, while nothing later is kept. */
  async #backToStart(): Promise<Stand | undefined> {
    if (this.#initial !== undefined) await this.#restoreStart();
    const state = await this.#street.replica.digest();
    if (state !== this.#initial) return undefined;
    this.#street.swarm.standAt(0, state);
    this.#host.board.wentTo(0);
    this.#host.board.stateDigest = state;
    return { round: 0, state };
  }

  /**
   * Until the weights that the run starts from are here, or others show that it has gone on from them. Who is a member is waited
   * for in every round: so this volunteer asks to be one when it has them, or stands where the others are.
   */
  async #awaitStart({ weights }: NonNullable<Street['start']>): Promise<void> {
    const { swarm } = this.#street;
    swarm.setMembership(false);
    const enough = (this.#enough = new AbortController());
    const fetched = weights(enough.signal).then((bytes) => {
      if (enough.signal.aborted) return;
      this.#held = bytes;
      if (this.#host.wantsToTrain()) swarm.setMembership(true);
    });
    const begun = new Promise<void>((resolve) => {
      let hasBegun = false;
      const look = (): void => {
        // It is called at every change for as long as the run lasts, and a view takes time to make.
        if (hasBegun && enough.signal.aborted) return;
        const { newestSeen, catchUp } = swarm.view();
        hasBegun = newestSeen >= 0;
        if (hasBegun) resolve();
        if (catchUp !== undefined) enough.abort();
      };
      swarm.onChange(look);
      look();
    });
    await Promise.race([fetched, begun]);
    fetched.catch(() => undefined); // if they are needed after all, they are asked for again
  }

  /** Puts the replica, which holds what the run's seed gives, to the weights that the run starts from, if it names any. */
  async #restoreStart(): Promise<void> {
    const { start, replica } = this.#street;
    if (start === undefined) return;
    const restored = replica.restore(this.#held ?? (await start.weights()));
    if (restored.ok && (await replica.digest()) === start.state) return;
    throw new StarlingError(
      'start-differs',
      'The weights this run starts from are not those that it names.',
      'Start a new run from the model; this one cannot be trained.',
    );
  }

  async #notKept(thrown: unknown): Promise<void> {
    if (thrown instanceof StarlingError && thrown.code === 'swarm-closed') return;
    if ((await this.#street.care.troubleBehind(thrown)) === undefined)
      this.#tell('info', `A copy of the model could not be kept: ${String(thrown)}`);
  }

  #tell(kind: string, text: string): void {
    this.#host.board.event({ atMs: this.#street.clock.now(), kind, text });
  }
}
