import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Journal } from './journal.ts';

test('an entry is taken once, whatever the order of adding and taking, and none disappears uncounted (seed 1)', () => {
  const action = fc.record({ round: fc.nat(12), add: fc.boolean() });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(action, { maxLength: 60 }), (capacity, actions) => {
      const journal = new Journal<number>(capacity);
      const open = new Map<number, number>();
      let dropped = 0;
      actions.forEach(({ round, add }, entry) => {
        expect(journal.has(round)).toBe(open.has(round));
        if (!add) {
          expect(journal.take(round)).toBe(open.get(round));
          expect(journal.take(round)).toBeUndefined();
          open.delete(round);
        } else if (!open.has(round)) {
          journal.add(round, entry);
          open.set(round, entry);
          if (open.size > capacity) {
            open.delete([...open.keys()].sort((a, b) => a - b)[0]);
            dropped++;
          }
        }
        expect([journal.open, journal.dropped]).toEqual([open.size, dropped]);
      });
    }),
    { numRuns: 300, seed: 1 },
  );
});

test('a round that is still open is not added again', () => {
  const journal = new Journal<string>(2);
  journal.add(4, 'first');
  expect(() => {
    journal.add(4, 'second');
  }).toThrow(/round 4 is in the journal once/);
  expect(journal.take(4)).toBe('first');
  journal.add(4, 'second');
  expect(journal.take(4)).toBe('second');
});
