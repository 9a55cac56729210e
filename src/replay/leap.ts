/** An announced round this far ahead of the last one recorded is believed only when others follow it, and none the last one. */
const mostLeap = 1_000;
const standsMs = 20_000;

/** Judges announced rounds by how they follow each other: anyone can announce one that is never reached. */
export class Leap {
  #leap: { readonly round: number; readonly sinceMs: number } | undefined;

  /** Whether `round` may be the next after `last`; undefined: there is none before it. */
  isBelieved(round: number, last: number | undefined, nowMs: number): boolean {
    if (last === undefined || round <= last + mostLeap) return true;
    const leap = this.#leap;
    if (leap === undefined || round + mostLeap < leap.round) this.#leap = { round, sinceMs: nowMs };
    else if (round > leap.round && round <= leap.round + mostLeap) return nowMs - leap.sinceMs >= standsMs;
    return false;
  }

  /** A round was recorded: what is far ahead of it has to stand anew. */
  end(): void {
    this.#leap = undefined;
  }
}
