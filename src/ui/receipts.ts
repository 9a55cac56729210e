import type { Receipt, VolunteerStatus } from '../volunteer/status.ts';

export interface ReceiptLine {
  readonly mark: string;
  /** The standing in a word. */
  readonly word: string;
  /** What that means for this contribution. */
  readonly text: string;
}

/** "final: counted by 3 of 3". */
export function receiptLine({ standing, counted, by, of }: Receipt): ReceiptLine {
  switch (standing) {
    case 'final':
      return {
        mark: '✓',
        word: 'final',
        text: of === 0 ? 'counted' : `counted by ${by} of ${of}`,
      };
    case 'lost':
      return { mark: '✕', word: 'lost', text: 'not counted' };
    case 'provisional':
      return {
        mark: counted ? '○' : '–',
        word: 'provisional',
        text: counted ? 'counted' : 'not counted',
      };
  }
}

/** Why a contribution is lost, and what becomes of it. */
export const lostExplained =
  'Lost means that it came too late, or that its record was replaced before it was final. What it held goes back to your momentum and leaves with later rounds, unless you took the model anew since.';

export interface ReceiptTotals {
  readonly counted: number;
  readonly final: number;
  /** Tokens behind the final ones. */
  readonly finalTokens: number;
  /** In the whole session; the others among the receipts kept. */
  readonly lost: number;
  readonly kept: number;
}

export const receiptTotals = ({
  receipts,
  lostContributions,
}: Pick<VolunteerStatus, 'receipts' | 'lostContributions'>): ReceiptTotals => ({
  counted: receipts.filter(({ counted, standing }) => counted && standing !== 'lost').length,
  final: receipts.filter(({ standing }) => standing === 'final').length,
  finalTokens: receipts.reduce((sum, { standing, tokens }) => sum + (standing === 'final' ? tokens : 0), 0),
  lost: lostContributions,
  kept: receipts.length,
});
