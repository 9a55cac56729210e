import type { PeerId } from '../base/ids.ts';
import type { CountedContribution } from '../swarm/swarm-api.ts';

/** What the records seen here count of one volunteer. */
export interface LeaderRow {
  readonly id: PeerId;
  /** From 1; those with as many tokens share a place. */
  readonly place: number;
  /** As it declared them, no more a round than a volunteer can train. */
  readonly tokens: number;
  readonly rounds: number;
}

/** Who gave how much, by the records that this volunteer has followed. */
export interface Leaderboard {
  /** The first and the newest round counted here, and how many of them: fewer where some were never seen here. */
  readonly fromRound: number;
  readonly toRound: number;
  readonly rounds: number;
  /** Everyone together, those not listed too. */
  readonly volunteers: number;
  readonly tokens: number;
  /** Most tokens first; this volunteer is always listed where it has any, the others as far as there is room. */
  readonly rows: readonly LeaderRow[];
}

/** Rows that go out with every status. */
const shownRows = 20;
/** Keys that are told apart; anyone may come with a new one in an open run. */
const keptVolunteers = 1_024;
/** Rounds that can be taken back from the sums: more than a chain is ever cut back by. */
const keptRounds = 128;

type Counted = Pick<CountedContribution, 'author' | 'tokens'>;
interface Sum {
  tokens: number;
  rounds: number;
}

/**
 * Adds up what records count, round by round as they are applied, in bounded memory. Rounds that are taken back are taken out
 * again; a round that is applied a second time, as after a lost GPU, counts once.
 */
export class ContributionTally {
  readonly #self: PeerId;
  readonly #mostTokens: number;
  readonly #sums = new Map<PeerId, Sum>();
  /** The newest rounds, oldest first, as they were added. */
  #recent: { readonly round: number; readonly counted: readonly Counted[] }[] = [];
  /** Of volunteers with too little to be told apart any more. */
  readonly #forgotten = { volunteers: 0, tokens: 0 };
  #fromRound: number | undefined;
  #toRound = -1;
  #rounds = 0;
  #view: Leaderboard | undefined;

  /** `mostTokens`: what one volunteer can train in a round; nobody is believed more. */
  constructor(self: PeerId, mostTokens: number) {
    this.#self = self;
    this.#mostTokens = mostTokens;
  }

  /** What the record of `round` counts. Ignored where that round, or a later one, is in already. */
  add(round: number, counted: readonly Counted[]): void {
    if (round <= this.#toRound) return;
    this.#fromRound ??= round;
    this.#toRound = round;
    this.#rounds++;
    this.#book(counted, 1);
    this.#recent.push({ round, counted });
    if (this.#recent.length > keptRounds) this.#recent.shift();
    if (this.#sums.size > keptVolunteers) this.#forgetLeast();
    this.#view = undefined;
  }

  /** Rounds after `round` were taken back; those too old for that stay counted, and are not counted again. */
  cutBack(round: number): void {
    for (;;) {
      const last = this.#recent.at(-1);
      if (last === undefined || last.round <= round) return;
      this.#recent.pop();
      this.#book(last.counted, -1);
      this.#rounds--;
      // What is older than the rounds that are kept stays.
      this.#toRound = this.#recent.at(-1)?.round ?? last.round - 1;
      if (this.#rounds === 0) this.#fromRound = undefined;
      this.#view = undefined;
    }
  }

  /** Undefined before the first round; the same object until something changes. */
  get view(): Leaderboard | undefined {
    if (this.#fromRound === undefined) return undefined;
    return (this.#view ??= this.#look(this.#fromRound));
  }

  #book(counted: readonly Counted[], sign: 1 | -1): void {
    for (const { author, tokens } of counted) {
      const more = sign * Math.min(tokens, this.#mostTokens);
      const before = this.#sums.get(author);
      // Rounds go newest first, so what is taken back beyond a sum was in it when it was forgotten.
      if (sign < 0 && before === undefined) {
        this.#forgotten.tokens += more;
        continue;
      }
      const sum = before ?? { tokens: 0, rounds: 0 };
      sum.tokens += more;
      sum.rounds += sign;
      if (sum.rounds === 0) this.#sums.delete(author);
      else this.#sums.set(author, sum);
    }
  }

  #look(fromRound: number): Leaderboard {
    const sorted = [...this.#sums].sort(
      ([idA, a], [idB, b]) => b.tokens - a.tokens || b.rounds - a.rounds || (idA < idB ? -1 : 1),
    );
    let place = 0;
    const rows = sorted.map(([id, { tokens, rounds }], index): LeaderRow => {
      if (tokens !== sorted[index - 1]?.[1].tokens) place = index + 1;
      return { id, place, tokens, rounds };
    });
    const listed = rows.filter(({ id }, index) => index < shownRows || id === this.#self);
    return {
      fromRound,
      toRound: this.#toRound,
      rounds: this.#rounds,
      volunteers: rows.length + this.#forgotten.volunteers,
      tokens: rows.reduce((sum, { tokens }) => sum + tokens, this.#forgotten.tokens),
      rows: listed,
    };
  }

  /** Half of them at once, so that it is rarely done. Their tokens stay in the sum of all. */
  #forgetLeast(): void {
    const others = [...this.#sums].filter(([id]) => id !== this.#self);
    others.sort(([, a], [, b]) => a.tokens - b.tokens);
    for (const [id, { tokens }] of others.slice(0, keptVolunteers / 2)) {
      this.#sums.delete(id);
      this.#forgotten.volunteers++;
      this.#forgotten.tokens += tokens;
    }
  }
}
