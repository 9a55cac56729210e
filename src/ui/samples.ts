import { noRun, standAfter, type Standing } from '../replay/standing-run.ts';
import { presentVolunteer, sampleOf } from './derive.ts';
import type { PageSnapshot } from './host.ts';

export interface SampleLine {
  readonly round: number;
  readonly text: string;
}

/** What the model wrote as it learned, oldest first, and of which run. */
export interface SampleHistory {
  readonly standing: Standing;
  readonly lines: readonly SampleLine[];
}

export const noSamples: SampleHistory = { standing: noRun, lines: [] };

const mostLines = 60;

/**
 * The history with what a snapshot newly shows; the same object where that is nothing. Another run begins anew, once it stands in
 * the room. `nowMs`: since an arbitrary start.
 */
export function rememberSample(history: SampleHistory, snapshot: PageSnapshot, nowMs: number): SampleHistory {
  const before = history.standing;
  const isOwn = presentVolunteer(snapshot) !== undefined;
  const standing = standAfter(before, snapshot.view.run, isOwn, nowMs);
  const kept = before.run === undefined || standing.run === before.run ? history.lines : [];
  // While another run is announced over it, what is shown is not of this one.
  const now = standing.other === undefined ? sampleOf(snapshot) : undefined;
  if (now === undefined || kept.some(({ round, text }) => round === now.round && text === now.text))
    return standing === before ? history : { standing, lines: kept };
  const lines = [...kept.filter(({ round }) => round !== now.round), now].sort((a, b) => a.round - b.round);
  return { standing, lines: thinned(lines) };
}

/** Of too many lines, every second one of the older half goes; the first stays, for it shows how all began. */
function thinned(lines: readonly SampleLine[]): readonly SampleLine[] {
  if (lines.length <= mostLines) return lines;
  const half = Math.floor(lines.length / 2);
  return lines.filter((_, index) => index >= half || index % 2 === 0);
}
