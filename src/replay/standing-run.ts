import type { RunView } from '../volunteer/run-view.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';

type Run = NonNullable<RunView['run']>;

/** For so long another run has to be announced before a page that watches takes it for the room's. */
const standsMs = 20_000;

/** Which run what a page shows is of. */
export interface Standing {
  /** Undefined before any was announced. */
  readonly run: Run | undefined;
  /** Another one that is announced in its place, and since when: what is shown meanwhile is of neither. */
  readonly other: { readonly run: Run; readonly sinceMs: number } | undefined;
}

export const noRun: Standing = { run: undefined, other: undefined };

/**
 * The standing after one more look; the same object where nothing changed. Anyone can announce another run, so one that is watched
 * gives way only to one that stands. `isOwn`: it is the run of this tab's own volunteer, which needs no proof.
 */
export function standAfter(
  before: Standing,
  announced: Run | undefined,
  isOwn: boolean,
  nowMs: number,
): Standing {
  const { run, other } = before;
  if (announced === undefined) return before;
  if (run !== undefined && isSameRun(run, announced))
    return other === undefined ? before : { run, other: undefined };
  if (run === undefined || isOwn) return { run: announced, other: undefined };
  if (other === undefined || !isSameRun(other.run, announced))
    return { run, other: { run: announced, sinceMs: nowMs } };
  return nowMs - other.sinceMs < standsMs ? before : { run: announced, other: undefined };
}

/** Whether two announcements are of one run. */
export const isSameRun = (a: Run, b: Run): boolean =>
  a.startedBy === b.startedBy && a.seed === b.seed && a.parameters === b.parameters;

/** The volunteer as far as it still hears of the run: off the network, and after leaving or failing, the document knows more. */
export const stillPresent = (volunteer: VolunteerStatus | undefined): VolunteerStatus | undefined =>
  volunteer?.state === 'left' || volunteer?.state === 'failed' || volunteer?.isAside === true
    ? undefined
    : volunteer;

/**
 * The newest text of a run: `own`, the present volunteer's, or the announced one. Anyone can announce a text, so one of a round
 * that nobody is known to have reached is none: it would stand before all others for good.
 */
export function newestSample(
  { sample, records }: Pick<RunView, 'sample' | 'records'>,
  own: Pick<VolunteerStatus, 'state' | 'round' | 'sample'> | undefined,
): RunView['sample'] {
  const isOnTheWay = own === undefined || own.state === 'starting' || own.state === 'catching-up';
  const reached = isOnTheWay ? Math.max(-1, ...records.map(({ round }) => round)) : own.round;
  const announced = sample !== undefined && sample.round <= reached ? sample : undefined;
  const mine = own?.sample;
  return mine !== undefined && (announced === undefined || mine.round >= announced.round) ? mine : announced;
}
