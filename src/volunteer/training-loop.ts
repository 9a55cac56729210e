import type { Bytes } from '../base/bytes.ts';
import { StarlingError } from '../base/errors.ts';
import type { Entry, OwnContribution, Swarm } from '../swarm/swarm-api.ts';
import type { SigningLog } from '../swarm/signing-log.ts';
import type { TransportStats } from '../swarm/transport.ts';
import { CatchingUp, warmUpRounds } from './catching-up.ts';
import { Checkpoints, type Stand } from './checkpoints.ts';
import { Mender } from './mender.ts';
import { RoundPace } from './round-pace.ts';
import { writeSample } from './sample.ts';
import type { StatusBoard } from './status-board.ts';
import { trainRound, type Part, type RoundOutcome, type Street } from './train-round.ts';

const sampleEvery = 20;
/** Waiting for a record for less than this needs no explanation. */
const patienceMs = 2_000;

/** What a loop is given besides its street. */
export interface LoopHost {
  readonly board: StatusBoard;
  /** What this volunteer's key has signed in this run. */
  readonly signingLog: SigningLog;
  readonly localSeed: number;
  readonly wantsToTrain: () => boolean;
  /** Bytes sent and received so far. */
  readonly traffic: () => Promise<TransportStats>;
  /** The board changed, or what to say of it. */
  readonly changed: () => void;
  /** The last round was applied. */
  readonly finished: () => Promise<void>;
}

/**
 * A volunteer's way through its run, round after round: enter, train or follow, keep, go back where the chain was cut back,
 * repair where the replica differs, put it back where the GPU was lost, and stay after the last round to hand the model on.
 */
export class TrainingLoop {
  readonly #street: Street;
  readonly #host: LoopHost;
  readonly #checkpoints: Checkpoints;
  readonly #mender: Mender;
  readonly #pace = new RoundPace();
  readonly #catchingUp: CatchingUp;
  #at: Stand | undefined;
  /** The state before round 1, where this volunteer began there. */
  #initial: string | undefined;
  /** What it is to stand on, from when that is asked for until the replica stands there. */
  #entering: { readonly entry: Promise<Entry>; readonly before: Stand | undefined } | undefined;
  /** A contribution that left in a round that is not over. */
  #sent: { readonly round: number; readonly mine: OwnContribution } | undefined;
  #waitsLong = false;
  #wake: () => void = () => undefined;

  /** Listens to the street's swarm from now on. */
  constructor(street: Street, host: LoopHost) {
    this.#street = street;
    this.#host = host;
    const { swarm, clock } = street;
    // Whichever replica there is by then.
    const replica = {
      layout: street.replica.layout,
      snapshot: () => street.replica.snapshot(),
      restore: (bytes: Bytes) => street.replica.restore(bytes),
      digest: () => street.replica.digest(),
    };
    this.#checkpoints = new Checkpoints(swarm, replica, (thrown) => {
      void this.#notKept(thrown);
    });
    this.#mender = new Mender(street, this.#checkpoints);
    this.#catchingUp = new CatchingUp(clock);
    swarm.onEvent((event) => {
      host.board.event(event);
    });
    swarm.onSettled(({ round, counted }) => {
      if (counted) this.#takeCounted(round);
      else this.#takeLost(round);
    });
    swarm.onChange(() => {
      this.#look();
      this.#wake();
      host.changed();
    });
  }

  /** Whether this volunteer has been waiting for a record for a while. */
  get waitsLong(): boolean {
    return this.#waitsLong;
  }

  /** Membership was given up or asked for by hand: a silent warm-up ends with that. */
  membershipChanged(): void {
    this.#catchingUp.endWarmUp();
    this.#look();
    this.#wake();
  }

  /** Until the swarm is closed, which it rejects with, or something fails. */
  async run(): Promise<never> {
    let next = (): Promise<Stand> => this.#begin();
    for (;;) {
      try {
        const at = await next();
        this.#at = at;
        next = () => this.#onward(at);
      } catch (thrown) {
        next = await this.#wayOn(thrown);
      }
    }
  }

  async #begin(): Promise<Stand> {
    const state = await this.#street.replica.digest();
    this.#host.board.stateDigest = state;
    this.#catchingUp.ask();
    return this.#enter(this.#street.swarm.enter(state));
  }

  #onward(at: Stand): Promise<Stand> {
    const { endRound } = this.#street.config;
    const next = at.round + 1;
    return endRound === null || next <= endRound ? this.#round(next, at) : this.#stay(at);
  }

  /** What to do after something was thrown; throws it again where nothing can be done. */
  async #wayOn(thrown: unknown): Promise<() => Promise<Stand>> {
    const { care } = this.#street;
    const code = thrown instanceof StarlingError ? thrown.code : undefined;
    const at = this.#at;
    if (at !== undefined && (code === 'swarm-branch' || code === 'swarm-behind')) {
      this.#sent = undefined;
      return async () =>
        (code === 'swarm-branch' ? await this.#goBack() : undefined) ?? this.#giveUpChain(at);
    }
    const trouble = await care.troubleBehind(thrown);
    if (trouble === undefined) throw thrown;
    await care.recover(trouble);
    return () => this.#comeBack();
  }

  /**
   * After the GPU was set up again: to the newest kept state, and the rounds since are applied again. What this volunteer keeps
   * for latecomers is enough for that; its momentum is lost, and who was dropped from the members meanwhile first warms up.
   */
  async #comeBack(): Promise<Stand> {
    const { swarm } = this.#street;
    const { wantsToTrain } = this.#host;
    if (this.#entering !== undefined) return this.#enter(this.#entering.entry, this.#entering.before);
    if (this.#at === undefined) return this.#begin();
    const at = (await this.#goBack()) ?? (await this.#backToStart()) ?? (await this.#giveUpChain(this.#at));
    const { isMember, active } = swarm.view();
    const warmsUp = !isMember && active.length > 0 && wantsToTrain();
    if (warmsUp) swarm.setMembership(false);
    this.#catchingUp.enter(at.round, { isLate: false, warmsUp });
    return at;
  }

  /**
   * Stands the replica where the swarm is: at the initial weights, or at a member's snapshot checked against the digest
   * its members confirmed. `before`: where it stood, if it was in the run already.
   */
  async #enter(first: Promise<Entry>, before?: Stand): Promise<Stand> {
    const { swarm, replica } = this.#street;
    const { board, wantsToTrain } = this.#host;
    this.#entering = { entry: first, before };
    let entry = await first;
    while (entry.kind === 'snapshot') {
      const restored = replica.restore(entry.bytes);
      if (restored.ok && (await replica.digest()) === entry.state) break;
      this.#entering = { entry: swarm.reenter(), before };
      entry = await this.#entering.entry;
    }
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
    this.#catchingUp.enter(round, { isLate, warmsUp });
    const at = { round, state };
    this.#at = at;
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

  /**
   * The others' chain is another, or too far ahead: what was sent and is not final yet is lost, or its fate will not be
   * known here. It is not given back, since some of it may count.
   */
  #giveUpChain(before: Stand): Promise<Stand> {
    const { board } = this.#host;
    for (const round of board.unsettledRounds) {
      this.#street.strategy.forget(round);
      board.lost(round);
    }
    return this.#reenter(before);
  }

  #reenter(before: Stand): Promise<Stand> {
    this.#catchingUp.ask();
    return this.#enter(this.#street.swarm.reenter(), before);
  }

  /** To a kept state of the chain as it now is. */
  async #goBack(): Promise<Stand | undefined> {
    const at = await this.#checkpoints.goBack();
    if (at === undefined) return undefined;
    this.#host.board.wentTo(at.round);
    this.#host.board.stateDigest = at.state;
    return at;
  }

  /** To the initial weights, which the replica holds again, while nothing later is kept. */
  async #backToStart(): Promise<Stand | undefined> {
    const state = await this.#street.replica.digest();
    if (state !== this.#initial) return undefined;
    this.#street.swarm.standAt(0, state);
    this.#host.board.wentTo(0);
    this.#host.board.stateDigest = state;
    return { round: 0, state };
  }

  async #round(round: number, before: Stand): Promise<Stand> {
    const { swarm, phases } = this.#street;
    const { board, changed } = this.#host;
    const at = await this.#mend(before);
    if (at.round !== before.round) return at;
    const part = await this.#part(round);
    const atHead = round > swarm.view().round;
    changed();
    phases.beginRound();
    const outcome = this.#withSent(await this.#train(round, part));
    const after = { round, state: outcome.state };
    this.#at = after;
    if (round % this.#checkpoints.every === 0 || round === this.#street.config.endRound)
      this.#checkpoints.take(after);
    board.round(outcome, this.#street.validation.batches.length);
    if (outcome.mine !== undefined && !outcome.sent) board.lost(round);
    this.#catchingUp.followed(atHead);
    if (part.kind === 'silent' && this.#catchingUp.trainedSilently()) swarm.setMembership(true);
    await this.#writeSample(outcome);
    board.traffic = await this.#host.traffic();
    phases.endRound();
    this.#look();
    changed();
    return after;
  }

  async #train(round: number, part: Part): Promise<RoundOutcome> {
    let cancel = (): void => undefined;
    try {
      return await trainRound(this.#street, round, part, (mine) => {
        if (mine !== undefined) this.#sent = { round, mine };
        cancel = this.#street.clock.after(patienceMs, () => {
          this.#waitsLong = true;
          this.#host.changed();
        });
      });
    } finally {
      cancel();
      this.#waitsLong = false;
    }
  }

  /** A contribution may have left before the GPU was lost, and its round been applied after. */
  #withSent(outcome: RoundOutcome): RoundOutcome {
    const sent = this.#sent;
    if (sent?.round !== outcome.agreed.record.round) return outcome;
    this.#sent = undefined;
    if (outcome.mine !== undefined) return outcome;
    return { ...outcome, mine: sent.mine, sent: true };
  }

  /** Waits until there is something to do in `round` for this volunteer, or the others have closed it. */
  async #part(round: number): Promise<Part> {
    const { swarm } = this.#street;
    let closed = false;
    const record = swarm.agree(round).then(() => {
      closed = true;
    });
    record.catch(() => undefined); // trainRound asks again, and is told
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const part = this.#partNow(swarm, round);
      if (closed || part.kind !== 'follow') return part;
      await Promise.race([changed, record]);
    }
  }

  #partNow(swarm: Swarm, round: number): Part {
    if (!this.#host.wantsToTrain()) return { kind: 'follow' };
    const members = swarm.membersOf(round);
    if (swarm.isMember(round)) {
      const kind = round <= this.#host.signingLog.highest('contribution') ? 'silent' : 'contribute';
      return { kind, member: members.indexOf(swarm.self) };
    }
    if (!this.#catchingUp.isWarmingUp) return { kind: 'follow' };
    const { round: newest, active } = swarm.view();
    if (active.length === 0) {
      // Nobody is left to train with: whoever is here takes over.
      this.#catchingUp.endWarmUp();
      swarm.setMembership(true);
      return { kind: 'follow' };
    }
    return round > newest ? { kind: 'silent', member: members.length } : { kind: 'follow' };
  }

  /** Where the replica stands once it was looked into, if there is reason to. */
  async #mend(at: Stand): Promise<Stand> {
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

  /** After the last round: hands the model to whoever comes, and still follows where the last rounds are taken back. */
  async #stay({ round }: Stand): Promise<never> {
    await this.#host.finished();
    for (let after = round + 1; ; after++) await this.#street.swarm.agree(after);
  }

  async #writeSample({ agreed: { record } }: RoundOutcome): Promise<void> {
    if (record.round % sampleEvery !== 0 || record.leader !== this.#street.swarm.self) return;
    const seed = this.#host.localSeed + record.round;
    this.#host.board.sample = await writeSample(this.#street, record.round, seed);
  }

  #takeCounted(round: number): void {
    this.#street.strategy.forget(round);
    this.#host.board.counted(round);
  }

  #takeLost(round: number): void {
    this.#street.strategy.giveBack(round);
    this.#host.board.lost(round);
  }

  /** Puts on the board what changes with every look at the swarm. */
  #look(): void {
    const { swarm, clock } = this.#street;
    const { board, wantsToTrain } = this.#host;
    const view = swarm.view();
    const applied = this.#at?.round ?? 0;
    const isThere = this.#catchingUp.hasEntered && view.catchUp === undefined && view.members.length > 0;
    this.#pace.saw(view.round, clock.now(), isThere && wantsToTrain() && view.round - applied <= 2);
    board.longestRoundMs = this.#pace.longestMs;
    board.catchUp = this.#catchingUp.status(view, applied);
    board.joinCatchUpMs = this.#catchingUp.joinMs;
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
