import type { VolunteerStatus } from '../../src/volunteer/status.ts';
import type { RecordLog } from './record-log.ts';

/** One replica from Join until its tab was closed, killed or reloaded, or the run ended. */
export interface Life {
  readonly log: RecordLog;
  /** The last one seen; undefined if none was. */
  readonly status: VolunteerStatus | undefined;
  /** Undefined: still there. */
  readonly ended: 'closed' | 'killed' | 'reloaded' | undefined;
}

/** Newest rounds of which a record may still be rolled back. */
export const openRounds = 3;

export interface Agreement {
  readonly agree: boolean;
  /** Records that a replica followed when it ended, still open, and that the others then left for another branch. */
  readonly abandoned: readonly { readonly life: Life; readonly round: number }[];
}

/**
 * Whether all replicas of a run agree. Those still there: the same digest after every round that any two of them applied, and
 * the same now. Those that ended: the same as these after every round they followed; only a record among their last three
 * (`openRounds`), and newer than what they knew to be final, may have been abandoned by the others. A replica that is there
 * and reported nothing is no agreement.
 */
export function agreementOf(lives: readonly Life[]): Agreement {
  const here = lives.filter(({ ended }) => ended === undefined);
  const gone = lives.filter(({ ended }) => ended !== undefined);
  const states = new Map<number, string>();
  let agree = here.length > 0;
  for (const { log } of here) {
    if (log.all.length === 0) agree = false;
    for (const { round, state } of log.all) {
      if ((states.get(round) ?? state) !== state) agree = false;
      states.set(round, state);
    }
  }
  const digest = here[0]?.status?.stateDigest;
  if (digest === undefined || here.some(({ status }) => status?.stateDigest !== digest)) agree = false;

  const abandoned: { life: Life; round: number }[] = [];
  for (const life of gone) {
    const records = life.log.all;
    const firstOpen = Math.max((records.at(-1)?.round ?? 0) - openRounds, life.status?.finalRound ?? -1) + 1;
    for (const { round, state } of records) {
      const known = states.get(round) ?? state;
      // Rounds that nobody still there has followed are compared among those that are gone.
      if (known === state) states.set(round, state);
      else if (round >= firstOpen) abandoned.push({ life, round });
      else agree = false;
    }
  }
  return { agree, abandoned };
}
