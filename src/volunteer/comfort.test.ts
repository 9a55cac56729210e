import { describe, expect, it } from 'vitest';
import { readComfort, usualComfort } from './comfort.ts';

describe('settings that were kept', () => {
  it('are read as they were', () => {
    const kept = {
      ...usualComfort,
      share: 0.25,
      battery: 'low',
      dataCapBytes: 5e8,
      keepAwake: true,
    } as const;
    expect(readComfort(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
  });

  it.each([undefined, null, 7, 'x', [], { share: 2, battery: 'no', metered: 'yes', dataCapBytes: -1 }])(
    'take their default where they make no sense: %j',
    (kept) => {
      expect(readComfort(kept)).toEqual(usualComfort);
    },
  );
});
