import { StarlingError } from '../base/errors.ts';
import type { OwnContribution } from '../swarm/swarm-api.ts';
import type { SigningLog } from '../swarm/signing-log.ts';
import type { ByteCounts } from '../swarm/transport.ts';
import { CatchingUp } from './catching-up.ts';
import type { Stand } from './checkpoints.ts';
import { Footing } from './footing.ts';
import { PartInRound } from './part-in-round.ts';
import { RoundPace } from './round-pace.ts';
import { RoundTimes } from './round-times.ts';
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
  /** Bytes sent and received so far, to this moment. */
  readonly counted: () => ByteCounts;
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
  readonly #footing: Footing;
  readonly #part: PartInRound;
  readonly #pace = new RoundPace();
  readonly #catchingUp: CatchingUp;
  /** A contribution that left in a round that is not over. */
  #sent: { readonly round: number; readonly mine: OwnContribution } | undefined;
  #waitsLong = false;
  /** Of the round that is being trained. */
  #over = new AbortController();

  /** Listens to the street's swarm from now on. */
  constructor(street: Street, host: LoopHost) {
    this.#street = street;
    this.#host = host;
    const { swarm, clock } = street;
    this.#catchingUp = new CatchingUp(clock);
    const facts = { ...host, catchingUp: this.#catchingUp };
    this.#footing = new Footing(street, facts);
    this.#part = new PartInRound(swarm, facts);
    swarm.onEvent((event) => {
      host.board.event(event);
    });
    const times = (host.board.roundTimes = new RoundTimes(swarm.self, () => clock.now()));
    swarm.onSighting((sighting) => {
      times.saw(sighting);
    });
    swarm.onSettled(({ round, counted }) => {
      if (counted) this.#takeCounted(round);
      else this.#takeLost(round);
    });
    swarm.onChange(() => {
      this.#look();
      this.#part.look();
      host.changed();
    });
  }

  /** Where the replica stands; undefined before it stands anywhere. */
  get at(): Stand | undefined {
    return this.#footing.at;
  }

  /** Whether this volunteer has been waiting for a record for a while. */
  get waitsLong(): boolean {
    return this.#waitsLong;
  }

  /** Membership was given up or asked for by hand: a silent warm-up ends with that, and work on a round with giving up. */
  membershipChanged(): void {
    if (!this.#host.wantsToTrain()) this.#over.abort();
    this.#catchingUp.endWarmUp();
    this.#look();
    this.#part.look();
  }

  /** Until the swarm is closed, which it rejects with, or something fails. */
  async run(): Promise<never> {
    let next = (): Promise<Stand> => this.#footing.begin();
    for (;;) {
      try {
        const at = await next();
        this.#footing.at = at;
        next = () => this.#onward(at);
      } catch (thrown) {
        next = await this.#wayOn(thrown);
      }
    }
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
    const footing = this.#footing;
    const { at } = footing;
    if (at !== undefined && (code === 'swarm-branch' || code === 'swarm-behind')) {
      this.#sent = undefined;
      return async () =>
        (code === 'swarm-branch' ? await footing.goBack() : undefined) ?? footing.giveUpChain(at);
    }
    const trouble = await care.troubleBehind(thrown);
    if (trouble === undefined) throw thrown;
    await care.recover(trouble);
    return () => footing.comeBack();
  }

  async #round(round: number, before: Stand): Promise<Stand> {
    const { swarm, phases, clock } = this.#street;
    const { board, changed } = this.#host;
    const at = await this.#footing.mend(before);
    if (at.round !== before.round) return at;
    let part = await this.#part.of(round);
    const atHead = round > swarm.view().round;
    changed();
    phases.beginRound();
    let trained = await this.#train(round, part);
    while (trained === undefined) {
      part = await this.#part.of(round);
      trained = await this.#train(round, part);
    }
    const outcome = this.#withSent(trained);
    const after = { round, state: outcome.state };
    this.#footing.stepped(after);
    board.round(outcome, this.#street.validation.batches.length);
    if (outcome.mine !== undefined && !outcome.sent) board.lost(round, 'unsent');
    this.#catchingUp.followed(atHead);
    if (part.kind === 'silent' && this.#catchingUp.trainedSilently()) swarm.setMembership(true);
    await this.#writeSample(outcome);
    phases.endRound();
    const isLive = swarm.view().newestSeen <= round + 1;
    board.roundEnds(this.#host.counted(), isLive ? clock.now() : undefined);
    this.#look();
    changed();
    return after;
  }

  /** Undefined where nothing came of it, and the round is not over for all that is known. */
  async #train(round: number, part: Part): Promise<RoundOutcome | undefined> {
    const { swarm, clock } = this.#street;
    let cancel = (): void => undefined;
    const over = new AbortController();
    this.#over = over;
    let isClosed = false;
    const end = (): void => {
      isClosed = true;
      over.abort();
    };
    const agreed = swarm.agree(round);
    agreed.then(end, end);
    const waiting = (mine: OwnContribution | undefined): void => {
      if (mine !== undefined) this.#sent = { round, mine };
      cancel = clock.after(patienceMs, () => {
        this.#waitsLong = true;
        this.#host.changed();
      });
    };
    try {
      const outcome = await trainRound(this.#street, round, part, { over: over.signal, waiting });
      if (outcome === undefined && isClosed) await agreed; // or it would be tried for ever where it cannot be agreed on
      if (outcome === undefined && !over.signal.aborted) this.#part.holdBack(round);
      return outcome;
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
    const applied = this.#footing.at?.round ?? 0;
    const isThere = this.#catchingUp.hasEntered && view.catchUp === undefined && view.members.length > 0;
    this.#pace.saw(view.round, clock.now(), isThere && wantsToTrain() && view.round - applied <= 2);
    board.longestRoundMs = this.#pace.longestMs;
    board.catchUp = this.#catchingUp.status(view, applied);
    board.joinCatchUpMs = this.#catchingUp.joinMs;
  }
}
