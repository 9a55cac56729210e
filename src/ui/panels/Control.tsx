import type { PageState } from '../store.ts';
import { computeShare, presentVolunteer, roleOf, stateTitles } from '../derive.ts';
import { formatBytes, formatCount, formatDuration, formatPercent, plural } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { CatchUpProgress } from './CatchUpProgress.tsx';
import { Murmuration } from './Murmuration.tsx';
import { Tag } from './Panel.tsx';
import { StarterOptions } from './StarterOptions.tsx';

/** The card that says what this tab is doing and why, and holds the buttons. */
export function Control({ page }: { readonly page: PageState }) {
  const { snapshot } = page;
  const present = snapshot === undefined ? 0 : snapshot.view.presences.length;
  const members = snapshot === undefined ? 0 : (presentVolunteer(snapshot)?.members ?? 0);
  return (
    <section className="control" aria-label="This tab">
      <Murmuration lit={Math.max(present, members)} />
      <div className="control-body">
        {snapshot === undefined ? (
          <>
            <h1>Looking at this browser</h1>
            <p className="lead">Checking whether it has a GPU to train with.</p>
          </>
        ) : roleOf(snapshot) === 'volunteer' ? (
          <Volunteering page={page} snapshot={snapshot} />
        ) : roleOf(snapshot) === 'guest' ? (
          <Guest page={page} snapshot={snapshot} />
        ) : (
          <Viewer snapshot={snapshot} />
        )}
        {page.problem !== undefined && (
          <div className="problem" role="alert" data-testid="problem">
            <p>
              <strong>{page.problem.message}</strong> {page.problem.fix}
            </p>
            <button type="button" className="quiet" onClick={page.dismissProblem}>
              Dismiss
            </button>
          </div>
        )}
      </div>
    </section>
  );
}

interface RoleProps {
  readonly page: PageState;
  readonly snapshot: PageSnapshot;
}

function runSentence({ view }: PageSnapshot): string {
  if (view.run === undefined) {
    return view.connected
      ? 'No run here yet: whoever joins first starts one.'
      : 'Looking for a run. If there is none, whoever joins first starts one.';
  }
  const training = view.presences.filter((presence) => presence.member).length;
  const round = view.records.at(-1)?.round;
  const company = training === 0 ? 'no volunteers right now' : plural(training, 'volunteer');
  return `A run of ${formatCount(view.run.parameters)} parameters${round === undefined ? '' : `, round ${round}`}, ${company}.`;
}

function Guest({ page, snapshot }: RoleProps) {
  const { environment, view, volunteer } = snapshot;
  return (
    <>
      <h1 data-testid="state" data-state={volunteer?.state ?? 'guest'}>
        {volunteer?.state === 'left'
          ? stateTitles.left
          : view.run === undefined
            ? 'Start a run'
            : 'A run is under way'}
      </h1>
      <p className="lead">{runSentence(snapshot)}</p>
      <div className="actions">
        <JoinButton page={page} name="Join" />
        <p className="note">
          {environment.gpu === undefined ? environment.reason : `Trains on ${environment.gpu}.`}{' '}
          {environment.gpuIsSoftware === true && <Tag kind="warn">software adapter, slow</Tag>} Leave whenever
          you like.
        </p>
      </div>
      {view.run === undefined && <StarterOptions page={page} environment={environment} />}
    </>
  );
}

function JoinButton({ page, name }: { readonly page: PageState; readonly name: string }) {
  const joining = page.pending === 'join';
  return (
    <button
      type="button"
      className="primary"
      data-testid="join"
      aria-disabled={joining}
      onClick={() => void page.join()}
    >
      {joining ? 'Joining…' : name}
    </button>
  );
}

function Viewer({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const { environment } = snapshot;
  return (
    <>
      <h1 data-testid="state" data-state="viewer">
        You are watching
      </h1>
      <p className="lead">{runSentence(snapshot)}</p>
      <div className="callout" data-testid="viewer-reason">
        <p>
          <strong>This tab cannot train.</strong> {environment.reason}
        </p>
        {environment.fix !== '' && <p>{environment.fix}</p>}
        {environment.secureUrl !== undefined && (
          <p>
            <a className="button primary" href={environment.secureUrl} data-testid="secure-link">
              Open the secure address
            </a>{' '}
            <span className="note mono">{environment.secureUrl}</span>
          </p>
        )}
      </div>
    </>
  );
}

function Volunteering({ page, snapshot }: RoleProps) {
  const { volunteer } = snapshot;
  if (volunteer === undefined) return null;
  const { state } = volunteer;
  const over = state === 'failed' || state === 'finished';
  return (
    <>
      <h1 data-testid="state" data-state={state}>
        <span className={`state-mark state-${state}`} aria-hidden="true" />
        {stateTitles[state]}
      </h1>
      <p className="lead">
        <span data-testid="reason">{volunteer.reason}</span>
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
      {volunteer.catchUp !== undefined && <CatchUpProgress catchUp={volunteer.catchUp} />}
      <div className="actions">
        {state === 'failed' && <JoinButton page={page} name="Join again" />}
        {state === 'paused' ? (
          <button type="button" className="primary" data-testid="resume" onClick={page.resume}>
            Resume
          </button>
        ) : (
          !over && (
            <button type="button" data-testid="pause" onClick={page.pause}>
              Pause
            </button>
          )
        )}
        <button
          type="button"
          data-testid="leave"
          aria-disabled={page.pending === 'leave'}
          onClick={() => void page.leave()}
        >
          {page.pending === 'leave' ? 'Leaving…' : state === 'failed' ? 'Only watch' : 'Leave'}
        </button>
        <dl className="this-tab">
          <div>
            <dt>GPU</dt>
            <dd>
              {volunteer.adapter?.name ?? 'opening'}{' '}
              {volunteer.adapter?.software === true && <Tag kind="warn">software adapter</Tag>}
            </dd>
          </div>
          <div>
            <dt>GPU memory</dt>
            <dd data-testid="gpu-memory">{formatBytes(volunteer.gpuBytes)}</dd>
          </div>
          {volunteer.precision !== undefined && (
            <div title={volunteer.precision.reason}>
              <dt>Precision</dt>
              <dd data-testid="precision">
                {volunteer.precision.precision === 'mixed' ? 'mixed: f16 and f32' : 'f32'}
              </dd>
            </div>
          )}
          {volunteer.joinCatchUpMs !== undefined && (
            <div>
              <dt>Caught up in</dt>
              <dd data-testid="caught-up">{formatDuration(volunteer.joinCatchUpMs)}</dd>
            </div>
          )}
          {volunteer.roundsTrained > 0 && (
            <div>
              <dt>GPU share</dt>
              <dd data-testid="gpu-share">
                {formatPercent(volunteer.gpuShareMeasured ?? computeShare(volunteer.phaseMs))} of the time
                {volunteer.gpuShare < 1 && `, ${formatPercent(volunteer.gpuShare)} asked for`}
              </dd>
            </div>
          )}
          {volunteer.gpuLosses > 0 && (
            <div>
              <dt>GPU lost, recovered</dt>
              <dd data-testid="gpu-losses">{plural(volunteer.gpuLosses, 'time')}</dd>
            </div>
          )}
          {volunteer.gpuErrors > 0 && (
            <div>
              <dt>GPU errors</dt>
              <dd data-testid="gpu-errors">
                {volunteer.gpuErrors}, see what happened
                {volunteer.gpuRoundsWithheld > 0 &&
                  `; nothing given to ${plural(volunteer.gpuRoundsWithheld, 'round')}`}
              </dd>
            </div>
          )}
        </dl>
      </div>
    </>
  );
}

/** Whoever let us choose the size of the run is told why it is what it is. */
function PresetReason({ snapshot: { volunteer, view, environment } }: { readonly snapshot: PageSnapshot }) {
  const chosen = environment.suggestedPreset;
  if (chosen === undefined || volunteer === undefined || view.run?.startedBy !== volunteer.self) return null;
  return (
    <p className="note" data-testid="preset-reason">
      You started this run. Its size is {chosen.reason}.
    </p>
  );
}
