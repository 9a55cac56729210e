import type { CurvePoint } from '../volunteer/status.ts';

export interface Spark {
  /** From the left and from the top, in the units of the box; ascending from the left. */
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly low: number;
  readonly high: number;
  readonly first: CurvePoint;
  readonly last: CurvePoint;
}

/** The training loss as a line in a box; undefined with fewer than two points. Points are anyone's: they need not ascend. */
export function sparkOf(curve: readonly CurvePoint[], width: number, height: number): Spark | undefined {
  let before = -Infinity;
  const points = curve.filter(({ round, train }) => {
    const moves = round > before && Number.isFinite(train);
    if (moves) before = round;
    return moves;
  });
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const [low, high] = points.reduce(
    ([lowest, highest], { train }) => [Math.min(lowest, train), Math.max(highest, train)] as const,
    [Infinity, -Infinity] as readonly [number, number],
  );
  const span = high - low || 1;
  return {
    ...{ low, high, first, last },
    points: points.map(({ round, train }) => [
      (width * (round - first.round)) / (last.round - first.round),
      height * (1 - (train - low) / span),
    ]),
  };
}

/** As the `points` of an SVG line. */
export const svgPoints = ({ points }: Spark): string =>
  points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
