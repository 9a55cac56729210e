import { StarlingError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';

/** What a volunteer signs with a round in it: design section 3, "a signature covers (version, run, kind, round)". */
export type SignedKind = 'contribution' | 'confirm' | 'record';

/**
 * The highest round signed of each kind, -1 for none; and `lock`: the newest round certified on a chain that was confirmed.
 */
export type SignedRounds = Readonly<Record<SignedKind | 'lock', number>>;

/**
 * What one key has signed in one run, kept so that no round is signed twice, also after a reload in the middle of one: two
 * signatures of one kind for one round are proof of a liar.
 */
export interface SigningLog {
  /** Highest round signed so far, -1 for none; of `lock`, the highest given with a claim. */
  highest(kind: SignedKind | 'lock'): number;
  /**
   * Takes `round` for one signature; from the call on it counts as signed, whatever becomes of the promise. Resolves when that
   * is durable; only then may the signature leave. Undefined: it is durable already. Throws StarlingError `already-signed`
   * where `round` is not above `highest(kind)`; rejects with a StarlingError if storing failed, and then nothing may be signed.
   * `lock` is kept with a confirm.
   */
  claim(kind: SignedKind, round: number, lock?: number): Promise<void> | undefined;
}

export const nothingSigned: SignedRounds = { contribution: -1, confirm: -1, record: -1, lock: -1 };

/**
 * A log that goes on from `signed`. `store` is given all three rounds after each claim and resolves when they are durable; it
 * is called at once, in the order of the claims. Without it the log lives as long as its key: in memory.
 */
export function createSigningLog(
  signed: SignedRounds,
  store?: (signed: SignedRounds) => Promise<void>,
): SigningLog {
  let rounds = signed;
  return {
    highest: (kind) => rounds[kind],
    claim(kind, round, lock = -1) {
      invariant(Number.isSafeInteger(round) && round >= 0, 'a round to sign is a whole number');
      if (round <= rounds[kind]) {
        throw new StarlingError(
          'already-signed',
          `This volunteer has signed a ${kind} of round ${rounds[kind]}: it signs none of round ${round} any more.`,
          'Nothing to do: it takes part again from the next round.',
        );
      }
      rounds = { ...rounds, [kind]: round, lock: Math.max(rounds.lock, lock) };
      return store?.(rounds);
    },
  };
}

/** For a key that is kept nowhere: who has no key any more cannot sign twice with it. */
export const memorySigningLog = (): SigningLog => createSigningLog(nothingSigned);

/** Whether this key has signed anything in this run before: then it must not found the run again (`mayFound: false`). */
export const hasSigned = (log: SigningLog): boolean =>
  log.highest('record') >= 0 || log.highest('confirm') >= 0 || log.highest('contribution') >= 0;

/** The later of two logs of one key in one run: what either of them signed is signed. */
export const laterOf = (one: SignedRounds, other: SignedRounds): SignedRounds => ({
  contribution: Math.max(one.contribution, other.contribution),
  confirm: Math.max(one.confirm, other.confirm),
  record: Math.max(one.record, other.record),
  lock: Math.max(one.lock, other.lock),
});

/** The rounds in what was stored. Any value may be given. */
export function readSignedRounds(value: unknown): Decoded<SignedRounds> {
  if (typeof value !== 'object' || value === null) return refused('signing-log-wrong-shape');
  const { contribution, confirm, record, lock } = value as Record<string, unknown>;
  const isRound = (round: unknown): round is number => Number.isSafeInteger(round) && Number(round) >= -1;
  return isRound(contribution) && isRound(confirm) && isRound(record) && isRound(lock)
    ? accepted({ contribution, confirm, record, lock })
    : refused('signing-log-wrong-shape');
}
