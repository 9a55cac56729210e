import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { VolunteerStatus } from '../volunteer/status.ts';
import { MeasuredSpeeds } from './measured-speeds.ts';

const memory = (text?: string) => {
  const kept = { text, writes: 0 };
  return {
    kept,
    recall: () => kept.text,
    keep: (_key: string, written: string) => {
      kept.text = written;
      kept.writes++;
    },
  };
};
const said = (name: string, preset: VolunteerStatus['preset'], gpuMsPerToken: number | undefined) =>
  ({ adapter: { name }, preset, gpuMsPerToken }) as Parameters<MeasuredSpeeds['saw']>[0];

test('what was measured is there at the next visit, by GPU and size', () => {
  const store = memory();
  const speeds = new MeasuredSpeeds(store);
  speeds.saw(said('Apple M3', 'nano', 0.5));
  speeds.saw(said('Apple M3', 'micro', 4));
  speeds.saw(said('other', 'nano', 9));
  const later = new MeasuredSpeeds(store);
  expect(later.of('Apple M3')).toEqual({ nano: 0.5, micro: 4 });
  expect(later.of('other')).toEqual({ nano: 9 });
  expect(later.of(undefined)).toEqual({});
});

test('it is written when it changed by more than a tenth, and bounded', () => {
  const store = memory();
  const speeds = new MeasuredSpeeds(store);
  for (const ms of [1, 1.05, 0.95, 1.2]) speeds.saw(said('gpu', 'nano', ms));
  for (const status of [undefined, said('gpu', 'nano', undefined), said('gpu', 'nano', NaN)])
    speeds.saw(status);
  expect(store.kept.writes).toBe(2);
  for (let i = 0; i < 20; i++) speeds.saw(said(`gpu ${i}`, 'nano', 1));
  expect((JSON.parse(store.kept.text ?? '[]') as unknown[]).length).toBe(8);
  expect(speeds.of('gpu 19')).toEqual({ nano: 1 });
});

test('whatever is kept there is read without a throw, and gives positive numbers only', () => {
  const near = fc.array(
    fc.record({ gpu: fc.constantFrom('gpu', 'b'), nano: fc.oneof(fc.double(), fc.jsonValue()) }),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        near.map((value) => JSON.stringify(value)),
      ),
      (text) => {
        for (const ms of Object.values(new MeasuredSpeeds(memory(text)).of('gpu')))
          expect(ms).toBeGreaterThan(0);
      },
    ),
    { seed: 6, numRuns: 1000 },
  );
});
