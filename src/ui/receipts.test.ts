import { describe, expect, it } from 'vitest';
import { fakeReceipt } from './fake-snapshot.test-data.ts';
import { receiptLine, receiptTotals } from './receipts.ts';

const said = (...of: Parameters<typeof fakeReceipt>): string => {
  const { word, text } = receiptLine(fakeReceipt(...of));
  return `${word}: ${text}`;
};

describe('a receipt', () => {
  it('is provisional, then final with who counted it, or lost', () => {
    expect(said(41)).toBe('provisional: counted');
    expect(said(41, { counted: false })).toBe('provisional: not counted');
    expect(said(41, { standing: 'final', by: 3, of: 3 })).toBe('final: counted by 3 of 3');
    expect(said(41, { standing: 'lost', counted: false })).toBe('lost: not counted');
  });

  it('claims no signatures that it does not know', () => {
    expect(said(41, { standing: 'final' })).toBe('final: counted');
  });

  it('has a mark of its own for each outcome, so that colour alone says nothing', () => {
    const marks = [
      fakeReceipt(1),
      fakeReceipt(1, { counted: false }),
      fakeReceipt(1, { standing: 'final' }),
      fakeReceipt(1, { standing: 'lost', counted: false }),
    ].map((receipt) => receiptLine(receipt).mark);
    expect(new Set(marks).size).toBe(4);
  });
});

it('receipts add up to counted, final and lost', () => {
  const receipts = [
    fakeReceipt(1, { standing: 'final', by: 3, of: 3, tokens: 100 }),
    fakeReceipt(2, { standing: 'final', by: 3, of: 3, tokens: 50 }),
    fakeReceipt(3, { standing: 'lost', counted: false }),
    fakeReceipt(4),
    fakeReceipt(5, { counted: false }),
  ];
  expect(receiptTotals({ receipts, lostContributions: 7 })).toEqual({
    counted: 3,
    final: 2,
    finalTokens: 150,
    lost: 7,
    kept: 5,
  });
});
