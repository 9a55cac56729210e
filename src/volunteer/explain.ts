import type { SwarmView } from '../swarm/swarm-api.ts';
import { pauseReasons } from './auto-pause.ts';
import type { PauseCause } from './comfort.ts';
import type { CatchUp, VolunteerState } from './status.ts';

export interface Explanation {
  readonly state: VolunteerState;
  /** Why, one sentence for people. */
  readonly reason: string;
  /** What one can do about it; undefined where there is nothing to do. */
  readonly fix: string | undefined;
}

/** What explains a volunteer besides its view of the swarm. */
export interface Circumstances {
  readonly wantsToTrain: boolean;
  /** Why it pauses by itself, where its person did not pause it. */
  readonly heldBy?: PauseCause | undefined;
  readonly isFounder: boolean;
  readonly catchUp: CatchUp | undefined;
  /** It has waited for a record for some seconds. */
  readonly waitsLong: boolean;
  /** The weights that the run starts from are on their way. */
  readonly fetchesStart?: boolean;
}

const moreTabs = 'Open this address in more tabs or on more machines, and join there.';
const newRun = 'If this lasts, leave and join again: where nobody has the model, that starts a new run.';
const resume = 'Resume to train it further.';

const catchUpReasons: Readonly<Record<CatchUp['stage'], string>> = {
  model: 'Fetching the model from other volunteers.',
  rounds: 'Following the rounds that the others trained meanwhile.',
  'warm-up':
    'Training silently, so that its first contribution is worth something; the others do not wait for it.',
};

/** What a volunteer that has entered, or is entering, its run is doing, and why. */
export function explain(
  view: SwarmView,
  { wantsToTrain, heldBy, isFounder, catchUp, waitsLong, fetchesStart = false }: Circumstances,
): Explanation {
  const say = (state: VolunteerState, reason: string, fix?: string): Explanation => ({ state, reason, fix });
  const others = view.members.length - (view.isMember ? 1 : 0);
  const anyLinked = view.members.some((id) => view.connected.includes(id));
  if (catchUp?.stage === 'model') return say('catching-up', catchUpReasons.model);
  if (!wantsToTrain && heldBy !== undefined) {
    const alone = view.isMember && others === 0;
    const rest = alone ? 'Nobody else trains: the run stands still.' : 'Your replica still follows the run.';
    return say('paused', `${pauseReasons[heldBy]} ${rest}`);
  }
  if (!wantsToTrain) {
    if (view.isMember && others === 0)
      return say('paused', 'You paused, and nobody else trains: the run stands still until you resume.');
    if (!view.isMember && view.members.length > 0 && !anyLinked)
      return say('paused', 'You paused, and no member of the run is connected any more.', resume);
    return say('paused', 'You paused. Your replica still follows the run.');
  }
  if (catchUp !== undefined) return say('catching-up', catchUpReasons[catchUp.stage]);
  if (!view.isMember) {
    if (fetchesStart) return say('waiting', 'Fetching the model that this run starts from.');
    // No members are known before record 0, which is the founder's to sign, and to who has no replica yet.
    const fix = isFounder ? moreTabs : newRun;
    return say('waiting', view.waitingFor, view.members.length === 0 ? fix : undefined);
  }
  if (others === 0) return say('training', 'Waiting for one more volunteer: training alone meanwhile.');
  if (waitsLong) return say('training', view.waitingFor);
  return say('training', `You train with ${others} other volunteer${others === 1 ? '' : 's'}.`);
}
