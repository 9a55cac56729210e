import { invariant } from '../base/invariant.ts';

/** [round, step]: step sizes in units of 2^-22 at certain rounds, linear in between. Rounds strictly increase. */
export type Schedule = readonly (readonly [round: number, step: number])[];

/** round(65536 (1 + cos(pi s / 32)) / 2) for s = 0..32: literals, because Math.cos is not the same in every browser. */
const halfCosine: readonly number[] = [
  65536, 65378, 64906, 64125, 63042, 61667, 60014, 58098, 55938, 53556, 50973, 48215, 45308, 42280, 39161,
  35980, 32768, 29556, 26375, 23256, 20228, 17321, 14563, 11980, 9598, 7438, 5522, 3869, 2494, 1411, 630, 158,
  0,
];
const pieces = 32;

/** The step for a learning rate of 2e-3, round(2e-3 * 2^22), and the rounds of warm-up that go with it: `nano`'s defaults. */
export const defaultPeak = 8389;
export const defaultWarmUp = 40;

/**
 * Linear from 0 to `peak` over the first `warmUp` rounds, then half a cosine down to a tenth of it at round `rounds`, in 32
 * straight pieces; a tenth from there on. All in whole numbers, so every replica has the same schedule.
 */
export function cosineSchedule({
  peak,
  warmUp,
  rounds,
}: {
  peak: number;
  warmUp: number;
  rounds: number;
}): Schedule {
  invariant(
    [peak, warmUp, rounds].every((value) => Number.isSafeInteger(value) && value >= 0),
    'peak, warm-up and rounds are whole numbers',
  );
  const floor = floorDivide(peak, 10);
  const points: [number, number][] = warmUp > 0 ? [[0, 0]] : [];
  points.push([warmUp, peak]);
  const span = Math.max(0, rounds - warmUp);
  for (let s = 1; s <= pieces; s++) {
    const round = warmUp + floorDivide(2 * span * s + pieces, 2 * pieces); // to the nearest
    if (round === warmUp) continue;
    if (points[points.length - 1][0] === round) points.pop(); // fewer rounds than pieces: the last piece holds
    points.push([round, floor + floorDivide((peak - floor) * halfCosine[s], 65536)]);
  }
  return points;
}

/** L of a round: linear between breakpoints, floored; the first and last steps hold outside them. */
export function stepAt(schedule: Schedule, round: number): number {
  invariant(schedule.length > 0, 'a schedule has a breakpoint');
  const next = schedule.findIndex(([at]) => at > round);
  if (next === 0) return schedule[0][1];
  if (next < 0) return schedule[schedule.length - 1][1];
  const [fromRound, fromStep] = schedule[next - 1];
  const [toRound, toStep] = schedule[next];
  return fromStep + floorDivide((toStep - fromStep) * (round - fromRound), toRound - fromRound);
}

/** D of a step: round(L 2^6 permille / 1000), the learning rate times the decay in units of 2^-28. */
export const decayAt = (step: number, decayPermille: number): number =>
  floorDivide(step * 64 * decayPermille + 500, 1000);

/** floor(a / b) for whole numbers below 2^53, without the rounding of a / b. b > 0. */
function floorDivide(a: number, b: number): number {
  const remainder = a % b;
  return (a - (remainder < 0 ? remainder + b : remainder)) / b;
}
