import type { LostBecause, Receipt } from '../volunteer/status.ts';
import { text } from './text.ts';

const words = text.contribution.receipt;

export interface ReceiptLine {
  readonly mark: string;
  /** The standing in a word. */
  readonly word: string;
  /** What that means for this contribution. */
  readonly text: string;
}

/** "final: counted by 3 of 3 members", "lost: made without it". */
export function receiptLine({ standing, counted, by, of, because }: Receipt): ReceiptLine {
  switch (standing) {
    case 'final':
      return { mark: '✓', word: words.final, text: of === 0 ? words.counted : words.countedBy(by, of) };
    case 'lost':
      return {
        mark: '✕',
        word: words.lost,
        text: because === undefined ? words.notCounted : words.because[because],
      };
    case 'provisional':
      return {
        mark: counted ? '○' : '–',
        word: words.provisional,
        text: counted ? words.counted : words.notCounted,
      };
  }
}

/** What the causes of the lost ones among these receipts mean, each once. Empty where none is lost, or nothing is known. */
export const lostCauses = (receipts: readonly Receipt[]): readonly LostBecause[] => [
  ...new Set(receipts.flatMap(({ because }) => (because === undefined ? [] : [because]))),
];
