/** How long rounds take, from record to record, as a volunteer that follows at the head sees them. */
export class RoundPace {
  #newest: { readonly round: number; readonly atMs: number } | undefined;
  #longestMs = 0;

  get longestMs(): number {
    return this.#longestMs;
  }

  /**
   * The newest record is that of `round`. `atHead` is false while this volunteer catches up or is paused: what it sees then
   * says nothing of the rounds' length. A round that did not follow from the one before (the chain was cut back) counts for
   * nothing either.
   */
  saw(round: number, atMs: number, atHead: boolean): void {
    if (!atHead) {
      this.#newest = undefined;
      return;
    }
    if (round === this.#newest?.round) return;
    if (round - 1 === this.#newest?.round)
      this.#longestMs = Math.max(this.#longestMs, atMs - this.#newest.atMs);
    this.#newest = { round, atMs };
  }
}
