import { expect, test } from 'vitest';
import { distroProblem, roundStep, type DistroHyperparameters } from './distro.ts';
import { cosineSchedule, defaultPeak } from './schedule.ts';

const fine: DistroHyperparameters = {
  k: 8,
  momentumDecay: 0.99,
  schedule: cosineSchedule({ peak: defaultPeak, warmUp: 40, rounds: 300 }),
  decayPermille: 100,
  seed: 1,
};

test('hyper-parameters outside the ranges of the integer path are refused with a reason', () => {
  expect(distroProblem(fine)).toBeUndefined();
  const broken: Partial<DistroHyperparameters>[] = [
    { k: 0 },
    { k: 65 },
    { k: 1.5 },
    { momentumDecay: 1 },
    { momentumDecay: NaN },
    { decayPermille: -1 },
    { decayPermille: 1000 }, // a step of 8389 then decays by 2^19
    { schedule: [] },
    { schedule: [[0, 2 ** 24]] },
    { schedule: [[0, 40_960]] }, // with a decay of 0.1: 2^18
    {
      schedule: [
        [5, 1],
        [5, 2],
      ],
    },
    { schedule: [[0, 0.5]] },
  ];
  for (const change of broken) {
    expect(distroProblem({ ...fine, ...change }), JSON.stringify(change)).toBeTypeOf('string');
  }
});

test('a round is a pure function of seed and round, and both change its dither', () => {
  expect(roundStep(fine, 40)).toEqual(roundStep({ ...fine }, 40));
  expect(roundStep(fine, 40)).toMatchObject({ step: 8389, decay: 53690 });
  const keys = [roundStep(fine, 40), roundStep(fine, 41), roundStep({ ...fine, seed: 2 }, 40)].map(
    (step) => step.roundKey,
  );
  expect(new Set(keys).size).toBe(3);
});
