import type { Receipt } from './status.ts';

/** A contribution of the newest rounds, which may still change. */
export interface RecentContribution {
  readonly round: number;
  readonly tokens: number;
  readonly counted: boolean;
  readonly standing: Receipt['standing'];
}

/** What one key gave to one run, over all visits of this browser: what is settled as sums, what is not round by round. */
export interface ContributionHistory {
  /** The newest round of a contribution, -1 before any. */
  readonly newest: number;
  /** Contributions, and the tokens trained for them, whatever became of them. */
  readonly trained: number;
  readonly tokens: number;
  readonly final: number;
  readonly finalTokens: number;
  readonly lost: number;
  /** Still provisional when they were last heard of: this tab was closed, or finality took too long. */
  readonly unknown: number;
  /** Final contributions round after round, of the newest such stretch; -1 before any. */
  readonly streakFrom: number;
  readonly streakTo: number;
  readonly longest: number;
  /** By round; the first one is not settled. */
  readonly recent: readonly RecentContribution[];
}

/** More than receipts are kept of: what is older will not be heard of. */
export const keptRecent = 160;

export const noContributions: ContributionHistory = {
  ...{ newest: -1, trained: 0, tokens: 0, final: 0, finalTokens: 0, lost: 0, unknown: 0 },
  ...{ streakFrom: -1, streakTo: -1, longest: 0, recent: [] },
};

type Said = Pick<Receipt, 'round' | 'tokens' | 'counted' | 'standing'>;

/** The history with what receipts, by round, say now: new ones are added, known ones brought up to date. The same object where nothing is new. */
export function withReceipts(history: ContributionHistory, receipts: readonly Said[]): ContributionHistory {
  const oldest = receipts[0]?.round;
  if (oldest === undefined) return history;
  const said = new Map(receipts.map((receipt) => [receipt.round, receipt]));
  const recent = history.recent.map((known) => {
    const now = said.get(known.round);
    return now === undefined || isSame(now, known) ? known : { ...known, ...standingOf(now) };
  });
  const added = receipts
    .filter(({ round }, index) => round > history.newest && round > (receipts[index - 1]?.round ?? -1))
    .map((receipt) => ({ round: receipt.round, tokens: receipt.tokens, ...standingOf(receipt) }));
  const changed = recent.some((one, index) => one !== history.recent[index]);
  const hasOutlived = (history.recent[0]?.round ?? Infinity) < oldest;
  if (added.length === 0 && !changed && !hasOutlived) return history;
  return settled(
    {
      ...history,
      newest: added.at(-1)?.round ?? history.newest,
      trained: history.trained + added.length,
      tokens: added.reduce((sum, { tokens }) => sum + tokens, history.tokens),
      recent: [...recent, ...added],
    },
    oldest,
  );
}

const standingOf = ({ counted, standing }: Said): Pick<RecentContribution, 'counted' | 'standing'> => ({
  counted,
  standing,
});

const isSame = (a: Said, b: RecentContribution): boolean =>
  a.counted === b.counted && a.standing === b.standing;

/** Moves what is settled, or will not be heard of any more, from the front of the list into the sums: in order of rounds, so that a streak is one. */
function settled(history: ContributionHistory, oldestReceipt: number): ContributionHistory {
  const sums = { ...history };
  let kept = 0;
  for (const one of history.recent) {
    const isUnheard = one.round < oldestReceipt || history.recent.length - kept > keptRecent;
    if (one.standing === 'provisional' && !isUnheard) break;
    kept++;
    if (one.standing === 'lost') sums.lost++;
    else if (one.standing === 'provisional') sums.unknown++;
    else {
      sums.final++;
      sums.finalTokens += one.tokens;
      if (one.round !== sums.streakTo + 1) sums.streakFrom = one.round;
      sums.streakTo = one.round;
      sums.longest = Math.max(sums.longest, lengthOf(sums));
    }
  }
  return { ...sums, recent: history.recent.slice(kept) };
}

interface Stretch {
  readonly streakFrom: number;
  readonly streakTo: number;
}

const lengthOf = ({ streakFrom, streakTo }: Stretch): number =>
  streakTo < 0 ? 0 : streakTo - streakFrom + 1;

/** A history in the figures that people ask for. */
export interface ContributionTotals {
  readonly trained: number;
  readonly tokens: number;
  /** Counted by the records as they stand: final, and those that are not final yet. */
  readonly counted: number;
  readonly final: number;
  readonly finalTokens: number;
  readonly lost: number;
  readonly unknown: number;
  /** Rounds in a row that count, up to the newest round of the run; 0 where the newest is none of them. */
  readonly streak: number;
  readonly longest: number;
}

/** `round`: the newest one that the volunteer has applied; undefined: not known, so there is no streak to go on with. */
export function totalsOf(history: ContributionHistory, round: number | undefined): ContributionTotals {
  const { recent, trained, tokens, unknown } = history;
  let stretch: Stretch = history;
  let { final, finalTokens, lost, longest } = history;
  let waiting = 0;
  for (const one of recent) {
    if (one.standing === 'final') {
      final++;
      finalTokens += one.tokens;
    } else if (one.standing === 'lost') lost++;
    else if (one.counted) waiting++;
    if (one.standing === 'lost' || !one.counted) continue;
    const goesOn = one.round === stretch.streakTo + 1;
    stretch = { streakFrom: goesOn ? stretch.streakFrom : one.round, streakTo: one.round };
    longest = Math.max(longest, lengthOf(stretch));
  }
  const isGoingOn = round !== undefined && stretch.streakTo >= round && round >= 0;
  return {
    ...{ trained, tokens, counted: final + waiting, final, finalTokens, lost, unknown },
    ...{ streak: isGoingOn ? lengthOf(stretch) : 0, longest },
  };
}
