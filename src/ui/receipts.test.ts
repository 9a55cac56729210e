import { describe, expect, it } from 'vitest';
import { fakeReceipt } from './fake-snapshot.test-data.ts';
import { lostCauses, receiptLine } from './receipts.ts';

const said = (...of: Parameters<typeof fakeReceipt>): string => {
  const { word, text } = receiptLine(fakeReceipt(...of));
  return `${word}: ${text}`;
};

describe('a receipt', () => {
  it('is provisional, then final with who counted it, or lost', () => {
    expect(said(41)).toBe('provisional: counted');
    expect(said(41, { counted: false })).toBe('provisional: not counted');
    expect(said(41, { standing: 'final', by: 7, of: 9 })).toBe('final: counted by 7 of 9 members');
    expect(said(41, { standing: 'final', by: 1, of: 1 })).toBe('final: counted by 1 of 1 member');
    expect(said(41, { standing: 'lost', counted: false })).toBe('lost: not counted');
  });

  it('says why it is lost, as far as that is known', () => {
    expect(said(41, { standing: 'lost', because: 'not-in-record' })).toBe('lost: came too late');
    expect(said(41, { standing: 'lost', because: 'replaced' })).toBe('lost: its record was replaced');
    expect(said(41, { standing: 'lost', because: 'unsent' })).toBe('lost: the round was over before it left');
    expect(said(41, { standing: 'lost', because: 'chain-left' })).toBe(
      'lost: what became of it is not known',
    );
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

it('each cause of loss is explained once', () => {
  const lost = (round: number, because?: 'replaced' | 'unsent') =>
    fakeReceipt(round, { standing: 'lost', counted: false, because });
  expect(lostCauses([lost(1, 'replaced'), lost(2), lost(3, 'unsent'), lost(4, 'replaced')])).toEqual([
    'replaced',
    'unsent',
  ]);
});
