import { useId } from 'react';
import { stateTitles } from '../derive.ts';
import { formatBytes, formatDuration, plural } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { stepperOf } from '../stepper.ts';
import type { VolunteerStatus } from '../../volunteer/status.ts';
import { CatchUpProgress } from './CatchUpProgress.tsx';
import { Tag } from './Panel.tsx';
import { Stepper } from './Stepper.tsx';

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
        <dt>GPU</dt>
        <dd>
          {adapter?.name ?? 'opening'} {adapter?.software === true && <Tag kind="warn">software adapter</Tag>}
        </dd>
      </div>
      <div>
        <dt>GPU memory</dt>
        <dd data-testid="gpu-memory">{formatBytes(volunteer.gpuBytes)}</dd>
      </div>
      {precision !== undefined && (
        <div title={precision.reason}>
          <dt>Precision</dt>
          <dd data-testid="precision">{precision.precision === 'mixed' ? 'mixed: f16 and f32' : 'f32'}</dd>
        </div>
      )}
      {joinCatchUpMs !== undefined && (
        <div>
          <dt>Caught up in</dt>
          <dd data-testid="caught-up">{formatDuration(joinCatchUpMs)}</dd>
        </div>
      )}
      {gpuLosses > 0 && (
        <div>
          <dt>GPU lost, recovered</dt>
          <dd data-testid="gpu-losses">{plural(gpuLosses, 'time')}</dd>
        </div>
      )}
      {gpuErrors > 0 && (
        <div>
          <dt>GPU errors</dt>
          <dd data-testid="gpu-errors">
            {gpuErrors}, see what happened
            {gpuRoundsWithheld > 0 && `; nothing given to ${plural(gpuRoundsWithheld, 'round')}`}
          </dd>
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
      You started this run. Its size is {chosen.reason}.
    </p>
  );
}
