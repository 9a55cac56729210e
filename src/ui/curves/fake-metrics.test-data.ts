import { SeededRandom } from '../../base/random.ts';
import { MetricsHistory, type MetricsRow, type MetricsView } from '../../volunteer/metrics.ts';

/** A round of a run of about `length` rounds: noisy, falling, with pauses and peaks. Always the same. */
export function fakeRow(round: number, length: number): MetricsRow {
  const random = new SeededRandom(7 + round);
  const noise = (): number => random.float() + random.float() - 1;
  const base = 5.5 - 2.3 * (1 - Math.exp((-3.6 * round) / length)) - 0.15 * Math.log10(round);
  const isPaused = round % 97 > 90;
  return {
    round,
    train: base + 0.12 * noise(),
    validation: round % 10 === 1 ? base + 0.05 + 0.01 * noise() : undefined,
    tokens: 6_144,
    contributions: 3,
    roundMs: 2_100 + 400 * noise(),
    bytesUp: Math.round(2_900 + 90 * noise() + (round % 64 === 40 ? 30_000 : 0)),
    bytesDown: Math.round(3_100 + 90 * noise()),
    ...(isPaused
      ? {}
      : {
          ownTokensPerSecond: 1_800 + 140 * noise(),
          payloadBytes: Math.round(1_204 + 30 * noise()),
          messageBytes: Math.round(1_352 + 30 * noise()),
          gradientNorm: 0.4 + 2 / Math.sqrt(round) + 0.1 * noise(),
        }),
  };
}

/** What a volunteer measured up to round `newest`. */
export function fakeHistory(newest: number): MetricsHistory {
  const history = new MetricsHistory();
  for (let round = 1; round <= newest; round++) history.add(fakeRow(round, newest));
  return history;
}

export const fakeMetrics = (newest: number): MetricsView => fakeHistory(newest).view;
