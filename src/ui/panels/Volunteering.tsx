import { useId } from 'react';
import { stateTitles } from '../derive.ts';
import { formatBytes, formatDuration } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { stepperOf } from '../stepper.ts';
import type { VolunteerStatus } from '../../volunteer/status.ts';
import { CatchUpProgress } from './CatchUpProgress.tsx';
import { Tag } from './Panel.tsx';
import { Stepper } from './Stepper.tsx';
import { text } from '../text.ts';

const words = text.machine;

/** What the volunteer in this tab does, why, and what it does it with. Its buttons are in the strip. */
export function Volunteering({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const lead = useId();
  const { volunteer } = snapshot;
  if (volunteer === undefined) return null;
  const { state, catchUp } = volunteer;
  const way = stepperOf(snapshot, false);
  return (
    <>
      <h1 data-testid="state" data-state={state}>
        <span className={`state-mark state-${state}`} aria-hidden="true" />
        {stateTitles[state]}
      </h1>
      <p className="lead">
        <span id={lead} data-testid="reason">
          {way === undefined || state === 'failed' ? volunteer.reason : way.title}
        </span>
      </p>
      <PresetReason snapshot={snapshot} />
      {volunteer.fix !== undefined && volunteer.fix !== '' && (
        <p className="callout" data-testid="fix">
          {volunteer.fix}
        </p>
      )}
      {volunteer.gpuPlan !== undefined && volunteer.gpuPlan.notes.length > 0 && (
        <p className="note" data-testid="gpu-plan">
          {volunteer.gpuPlan.notes.join(' ')}
        </p>
      )}
      <div className="control-foot">
        {way !== undefined && <Stepper way={way} catchUp={catchUp} titleId={lead} />}
        {way === undefined && catchUp !== undefined && <CatchUpProgress catchUp={catchUp} />}
        {way === undefined && <Machine volunteer={volunteer} />}
      </div>
    </>
  );
}

function Machine({ volunteer }: { readonly volunteer: VolunteerStatus }) {
  const { adapter, precision, joinCatchUpMs, gpuLosses, gpuErrors, gpuRoundsWithheld } = volunteer;
  return (
    <dl className="this-tab">
      <div>
        <dt>{words.gpu}</dt>
        <dd>
          {adapter?.name ?? words.opening}{' '}
          {adapter?.software === true && <Tag kind="warn">{words.software}</Tag>}
        </dd>
      </div>
      <div>
        <dt>{words.memory}</dt>
        <dd data-testid="gpu-memory">{formatBytes(volunteer.gpuBytes)}</dd>
      </div>
      {precision !== undefined && (
        <div title={precision.reason}>
          <dt>{words.precision}</dt>
          <dd data-testid="precision">{precision.precision === 'mixed' ? words.mixed : 'f32'}</dd>
        </div>
      )}
      {joinCatchUpMs !== undefined && (
        <div>
          <dt>{words.caughtUp}</dt>
          <dd data-testid="caught-up">{formatDuration(joinCatchUpMs)}</dd>
        </div>
      )}
      {gpuLosses > 0 && (
        <div>
          <dt>{words.lost}</dt>
          <dd data-testid="gpu-losses">{text.counts.times(gpuLosses)}</dd>
        </div>
      )}
      {gpuErrors > 0 && (
        <div>
          <dt>{words.errors}</dt>
          <dd data-testid="gpu-errors">{words.errorsWhat(gpuErrors, gpuRoundsWithheld)}</dd>
        </div>
      )}
    </dl>
  );
}

/** Whoever let us choose the size of the run is told why it is what it is. */
function PresetReason({ snapshot: { volunteer, view, environment } }: { readonly snapshot: PageSnapshot }) {
  const chosen = environment.suggestedPreset;
  if (chosen === undefined || volunteer === undefined || view.run?.startedBy !== volunteer.self) return null;
  // In the form another size may have been chosen.
  if (view.run.preset !== chosen.preset) return null;
  return (
    <p className="note" data-testid="preset-reason">
      {text.control.youStarted(chosen.reason)}
    </p>
  );
}
