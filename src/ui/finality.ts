import type { LedgerLine, VolunteerStatus } from '../volunteer/status.ts';
import { text } from './text.ts';

const words = text.ledger;

/** Rounds without finality that are no cause for worry: a record needs its own certificate and its child's. */
const usualWait = 8;

type Ledgered = Pick<VolunteerStatus, 'ledger' | 'finalRound' | 'epoch'>;

/** The newest round with a record; without one there is nothing that could wait. */
const newestRound = ({ ledger, finalRound }: Ledgered): number => ledger.at(-1)?.round ?? finalRound;

/** Whether the newest final round lies so far back that members must have vanished. */
export const isFinalityWaiting = (of: Ledgered): boolean => newestRound(of) - of.finalRound > usualWait;

export interface Finality {
  readonly kind: 'none' | 'moving' | 'waiting';
  readonly title: string;
  /** What a long wait means; empty otherwise. */
  readonly detail: string;
  /** That members were left behind, where they were; empty otherwise. */
  readonly epoch: string;
}

/** How far the ledger can no longer change, and what it waits for. */
export function finalityOf(of: Ledgered): Finality {
  const { finalRound } = of;
  const open = newestRound(of) - finalRound;
  const epoch = of.epoch === 0 ? '' : words.epochs(of.epoch);
  if (isFinalityWaiting(of)) {
    return {
      kind: 'waiting',
      title:
        finalRound < 0
          ? words.notFinalWaiting(newestRound(of))
          : `${words.finalUpTo(finalRound)}: ${words.waiting(open)}`,
      detail: words.waitsWhy,
      epoch,
    };
  }
  if (finalRound < 0) {
    return {
      kind: 'none',
      title: words.notFinal,
      detail: words.becomesFinal,
      epoch,
    };
  }
  const title = words.finalUpTo(finalRound);
  return {
    kind: 'moving',
    title: `${title}, ${open <= 0 ? words.theNewest : words.toFollow(open)}`,
    detail: '',
    epoch,
  };
}

/** What a record has come to: the same mark and word wherever the page speaks of one. */
export const standingMarks = { provisional: '○', certified: '◐', final: '●' } as const;

/** "provisional", "certified, 2 of 3", "final, 3 of 3". */
export function standingText({ standing, by, of }: Pick<LedgerLine, 'standing' | 'by' | 'of'>): string {
  const standingWord = words.standings[standing];
  return of === 0 ? standingWord : words.standingOf(standingWord, by, of);
}

/** The newest records as a picture says it, in words. */
export function chainSummary(lines: readonly LedgerLine[]): string {
  const count = (standing: LedgerLine['standing']): number =>
    lines.filter((line) => line.standing === standing).length;
  return words.summary(lines.length, count('final'), count('certified'), count('provisional'));
}
