import type { Clock } from '../base/clock.ts';
import type { PeerId, RunId } from '../base/ids.ts';
import {
  noContributions,
  totalsOf,
  withReceipts,
  type ContributionHistory,
  type ContributionTotals,
} from './contribution-history.ts';
import { readHistories, writeHistory, type HistoryOwner } from './contribution-store.ts';
import type { VolunteerStatus } from './status.ts';

const item = 'starling-contributions';
/** Kept this often at most; and at the end. */
const keepMs = 20_000;

/** Text by name that outlives the page; undefined where there is none, or nothing may be kept. */
export interface KeptText {
  recall(name: string): string | undefined;
  keep(name: string, text: string): void;
}

/** What a person gave to the run their tab is in, over all its visits. */
export interface ContributionView {
  /** The chosen name of this tab's key; undefined: it goes by the one that its id gives. */
  readonly name: string | undefined;
  /** With this key, in this browser; undefined until the run is known. */
  readonly totals: ContributionTotals | undefined;
}

type Said = Pick<VolunteerStatus, 'self' | 'receipts' | 'round'>;

/** Keeps what each key of this browser gave to each run, across visits. */
export class ContributionKeeper {
  readonly #kept: KeptText;
  readonly #clock: Clock;
  #owner: HistoryOwner | undefined;
  #history: ContributionHistory = noContributions;
  #round: number | undefined;
  #isChanged = false;
  #keptMs = -Infinity;

  constructor(kept: KeptText, clock: Clock) {
    this.#kept = kept;
    this.#clock = clock;
  }

  /** The volunteer of this tab, in the run of this id, said something. */
  saw({ self, receipts, round }: Said, run: RunId): void {
    if (this.#owner?.run !== run || this.#owner.key !== self) this.#turnTo({ run, key: self });
    // Before its first contribution nothing goes on, whatever was there at the visit before.
    this.#round = receipts.length === 0 ? undefined : round;
    const history = withReceipts(this.#history, receipts);
    if (history === this.#history) return;
    this.#history = history;
    this.#isChanged = true;
    if (this.#clock.now() - this.#keptMs >= keepMs) this.keep();
  }

  /** Undefined until a volunteer of this tab was in a run. */
  get totals(): ContributionTotals | undefined {
    return this.#owner === undefined ? undefined : totalsOf(this.#history, this.#round);
  }

  /** Writes down what is new. Other tabs write beside this one, so what is there is read again first. */
  keep(): void {
    if (this.#owner === undefined || !this.#isChanged) return;
    this.#isChanged = false;
    this.#keptMs = this.#clock.now();
    const changed = { ...this.#owner, history: this.#history };
    this.#kept.keep(item, writeHistory(this.#kept.recall(item), changed));
  }

  #turnTo(owner: { readonly run: RunId; readonly key: PeerId }): void {
    this.keep();
    this.#owner = owner;
    const found = readHistories(this.#kept.recall(item)).find(
      ({ run, key }) => run === owner.run && key === owner.key,
    );
    this.#history = found?.history ?? noContributions;
    this.#keptMs = -Infinity;
  }
}
