import type { ComfortView } from '../volunteer/comfort.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';
import { companyOf, roleOf, stateTitles } from './derive.ts';
import { formatBytes, formatPercent } from './format.ts';
import type { PageSnapshot } from './host.ts';
import { text } from './text.ts';

export interface StripState {
  readonly title: string;
  /** Why, in a few words; empty where there is nothing to say. */
  readonly reason: string;
  /** How its person gets out of a pause that nobody asked for. */
  readonly wayOut: 'run-anyway' | 'go-on' | undefined;
  readonly main: 'join' | 'join-again' | 'pause' | 'stay-paused' | 'resume' | undefined;
  readonly mayLeave: boolean;
}

/** What the control strip says and offers; undefined for who can only watch. */
export function stripOf(snapshot: PageSnapshot): StripState | undefined {
  const { volunteer, comfort } = snapshot;
  const role = roleOf(snapshot);
  if (role === 'viewer') return undefined;
  const held = heldOf(comfort);
  const cause = comfort?.pausedBy;
  if (role === 'guest' || volunteer === undefined) {
    const reason =
      cause === undefined ? text.strip.notJoinedNote : text.strip.wouldPause(text.strip.causes[cause]);
    const wayOut = cause === undefined ? undefined : 'run-anyway';
    return { title: text.strip.notJoined, reason, wayOut, main: 'join', mayLeave: false };
  }
  const { state, pausedByPerson } = volunteer;
  const at = { title: stateTitles[state], reason: '', wayOut: undefined, mayLeave: true };
  if (state === 'failed') return { ...at, main: 'join-again' };
  if (state === 'finished') return { ...at, main: undefined };
  if (pausedByPerson) {
    const reason =
      cause === undefined ? text.strip.pausedByYou : text.strip.alsoHeld(text.strip.causes[cause]);
    return { ...at, title: stateTitles.paused, reason, wayOut: held?.wayOut, main: 'resume' };
  }
  if (held !== undefined) return { ...at, ...held, main: 'stay-paused' };
  return { ...at, reason: companyOf(volunteer), main: 'pause' };
}

function heldOf(
  comfort: ComfortView | undefined,
): Pick<StripState, 'title' | 'reason' | 'wayOut'> | undefined {
  if (comfort?.pausedBy === undefined) return undefined;
  const title = text.strip.pausedBy(text.strip.causes[comfort.pausedBy]);
  return comfort.isClearing
    ? { title, reason: text.strip.clearing, wayOut: 'go-on' }
    : { title, reason: '', wayOut: 'run-anyway' };
}

/** The share of the GPU that was measured, beside the one that was asked for. */
export function shareSentence(volunteer: VolunteerStatus | undefined, asked: number): string {
  const { gpuShareMeasured, gpuShare = asked } = volunteer ?? {};
  if (gpuShareMeasured === undefined) return text.share.asked(formatPercent(gpuShare));
  const measured = formatPercent(gpuShareMeasured);
  return gpuShare < 1
    ? text.share.measuredOf(measured, formatPercent(gpuShare))
    : text.share.measured(measured);
}

/** The data meter in a few words. */
export function dataSentence({ dayBytes, settings }: ComfortView): string {
  const bytes = formatBytes(dayBytes);
  const { dataCapBytes } = settings;
  return dataCapBytes === undefined
    ? text.strip.today(bytes)
    : text.strip.todayOf(bytes, formatBytes(dataCapBytes));
}
