import type { LedgerLine, VolunteerStatus } from '../volunteer/status.ts';
import { grouped, plural } from './format.ts';

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
  const epoch =
    of.epoch === 0
      ? ''
      : `${of.epoch === 1 ? 'Once' : `${grouped(of.epoch)} times`} so far, most members vanished without a word, and those still here went on without them.`;
  if (isFinalityWaiting(of)) {
    return {
      kind: 'waiting',
      title:
        finalRound < 0
          ? `No round is final yet: ${grouped(newestRound(of))} wait`
          : `Final up to round ${grouped(finalRound)}: ${grouped(open)} rounds wait`,
      detail:
        'Too few members sign: some have gone without a word. Training goes on. If they stay away for 64 rounds, whoever started the run can go on without them.',
      epoch,
    };
  }
  if (finalRound < 0) {
    return {
      kind: 'none',
      title: 'No round is final yet',
      detail: 'A round becomes final once its members have signed it and the one after it.',
      epoch,
    };
  }
  const title = `Final up to round ${grouped(finalRound)}`;
  return {
    kind: 'moving',
    title: open <= 0 ? `${title}, the newest` : `${title}, ${plural(open, 'newer one')} to follow`,
    detail: '',
    epoch,
  };
}

/** What a record has come to: the same mark and word wherever the page speaks of one. */
export const standingMarks = { provisional: '○', certified: '◐', final: '●' } as const;

/** "provisional", "certified, 2 of 3", "final, 3 of 3". */
export function standingText({ standing, by, of }: Pick<LedgerLine, 'standing' | 'by' | 'of'>): string {
  return of === 0 ? standing : `${standing}, ${by} of ${of}`;
}

/** The newest records as a picture says it, in words. */
export function chainSummary(lines: readonly LedgerLine[]): string {
  const count = (standing: LedgerLine['standing']): number =>
    lines.filter((line) => line.standing === standing).length;
  return `The newest ${plural(lines.length, 'record')}: ${count('final')} final, ${count('certified')} certified, ${count('provisional')} provisional.`;
}
