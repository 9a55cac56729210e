import type { SwarmView } from '../swarm/swarm-api.ts';
import type { LostBecause, Receipt } from './status.ts';

/** More than there can be rounds between two looks at them. */
const keptReceipts = 128;

/** The receipts of a volunteer's newest contributions, from their round's record until it is settled what became of them. */
export class ReceiptBook {
  #receipts: readonly Receipt[] = [];
  /** Why, where that is known. */
  readonly #lost = new Map<number, LostBecause | undefined>();
  /** Final and counted, and not written into the receipt yet. */
  readonly #settled = new Set<number>();
  /** Counted by some record of the round, though perhaps not by the one that stands. */
  readonly #wasCounted = new Set<number>();

  /** Oldest first. */
  get all(): readonly Receipt[] {
    return this.#receipts;
  }

  /** Own contributions that the final chain does not count, in the whole session. */
  get lostCount(): number {
    return this.#lost.size;
  }

  /** Rounds of own contributions that are neither final nor lost, as far as receipts are kept. */
  get unsettledRounds(): readonly number[] {
    return this.#receipts.flatMap(({ round, standing }) =>
      standing === 'provisional' && !this.#settled.has(round) ? [round] : [],
    );
  }

  /** A record of `round` was applied: what it says of the receipt that is there. */
  applied(round: number, counted: boolean): void {
    if (counted) this.#wasCounted.add(round);
    this.#change(round, (receipt) => ({ ...receipt, counted }));
  }

  /** A contribution of this volunteer, after its round was applied. */
  add(receipt: Pick<Receipt, 'round' | 'counted' | 'tokens' | 'payloadBytes' | 'messageBytes'>): void {
    const { round } = receipt;
    const isLost = this.#lost.has(round);
    const full: Receipt = {
      ...receipt,
      standing: isLost ? 'lost' : 'provisional',
      by: 0,
      of: 0,
      because: isLost ? this.#because(round) : undefined,
    };
    this.#receipts = [...this.#receipts, full].slice(-keptReceipts);
    const oldest = this.#receipts[0]?.round ?? round;
    for (const one of this.#wasCounted) if (one < oldest) this.#wasCounted.delete(one);
  }

  /** The contribution of `round` is final and counted. */
  counted(round: number): void {
    this.#settled.add(round);
  }

  /** The contribution of `round` will never be counted. What is told first of the cause stays. */
  lost(round: number, because?: LostBecause): void {
    if (!this.#lost.has(round)) this.#lost.set(round, because);
    this.#change(round, (receipt) => ({
      ...receipt,
      counted: false,
      standing: 'lost',
      because: this.#because(round),
    }));
  }

  /** Writes finality into the receipts, with the votes that the ledger shows for it. */
  settle(view: SwarmView): void {
    if (this.#settled.size === 0) return;
    const lines = new Map(view.ledger.map((line) => [line.record.round, line]));
    this.#receipts = this.#receipts.map((receipt) => {
      if (!this.#settled.has(receipt.round)) return receipt;
      this.#settled.delete(receipt.round);
      const { by = 0, of = 0 } = lines.get(receipt.round) ?? {};
      return { ...receipt, counted: true, standing: 'final', by, of };
    });
    const oldest = this.#receipts[0]?.round ?? Infinity;
    for (const round of this.#settled) if (round < oldest) this.#settled.delete(round);
  }

  /** Where nobody told: a record once counted it, or none that was applied here did. */
  #because(round: number): LostBecause {
    return this.#lost.get(round) ?? (this.#wasCounted.has(round) ? 'replaced' : 'not-in-record');
  }

  #change(round: number, change: (receipt: Receipt) => Receipt): void {
    this.#receipts = this.#receipts.map((receipt) => (receipt.round === round ? change(receipt) : receipt));
  }
}
