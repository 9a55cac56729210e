import type { ContributionView } from '../volunteer/contribution-keeper.ts';
import {
  noContributions,
  totalsOf,
  withReceipts,
  type ContributionTotals,
} from '../volunteer/contribution-history.ts';
import type { LeaderRow, Leaderboard } from '../volunteer/contribution-leaderboard.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';
import { grouped } from './format.ts';
import { text } from './text.ts';

const words = text.contribution;

/** What this key gave to the run over all visits; where the host keeps no history, what the receipts at hand tell. */
export const contributionTotals = (
  { receipts, round }: Pick<VolunteerStatus, 'receipts' | 'round'>,
  contribution: ContributionView | undefined,
): ContributionTotals =>
  contribution?.totals ??
  totalsOf(withReceipts(noContributions, receipts), receipts.length === 0 ? undefined : round);

export interface LeaderLine extends LeaderRow {
  /** Of all tokens counted here, in [0, 1]. */
  readonly share: number;
  readonly self: boolean;
  /** Others, not listed, stand between this line and the one before. */
  readonly afterGap: boolean;
}

/** The rows as they are shown. */
export const leaderLines = ({ rows, tokens }: Leaderboard, self: string): readonly LeaderLine[] =>
  rows.map((row, index) => ({
    ...row,
    share: tokens === 0 ? 0 : row.tokens / tokens,
    self: row.id === self,
    // Those who share a place follow each other.
    afterGap: index > 0 && row.place > index + 1,
  }));

/** From where to where it was counted, and how many were not seen. */
export function leaderScope({ fromRound, toRound, rounds }: Leaderboard): string {
  const missed = toRound - fromRound + 1 - rounds;
  const seen =
    fromRound <= 1
      ? words.fromStart(grouped(toRound))
      : words.fromRound(grouped(fromRound), grouped(toRound));
  return missed <= 0 ? seen : `${seen} ${words.missed(text.counts.rounds(missed))}`;
}
