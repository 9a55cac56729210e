import { useId, useState, type RefCallback } from 'react';
import { isInRun, presentVolunteer, roleOf, stateTitles } from '../derive.ts';
import { formatCount } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { stepperOf } from '../stepper.ts';
import type { PageState } from '../store.ts';
import { text } from '../text.ts';
import { Consent } from './Consent.tsx';
import { Invite } from './Invite.tsx';
import { JoinButton } from './JoinButton.tsx';
import { KeyMovePlace } from './KeyMovePlace.tsx';
import { Murmuration } from './Murmuration.tsx';
import { Tag } from './Panel.tsx';
import { StartRunPlace } from './StartRunPlace.tsx';
import { Stepper } from './Stepper.tsx';
import { Volunteering } from './Volunteering.tsx';

const words = text.control;

/** The card that says what this tab is doing and why. `joinPlace` is told where the large button is. */
export function Control(props: RoleProps & { readonly joinPlace: RefCallback<HTMLElement> }) {
  const { page, snapshot, joinPlace } = props;
  const members = presentVolunteer(snapshot)?.members ?? 0;
  return (
    <section className="control" aria-label={text.page.thisTab}>
      <Murmuration lit={Math.max(snapshot.view.presences.length, members)} />
      <div className="control-body">
        {roleOf(snapshot) === 'volunteer' ? (
          <Volunteering snapshot={snapshot} />
        ) : roleOf(snapshot) === 'guest' ? (
          <Guest page={page} snapshot={snapshot} joinPlace={joinPlace} />
        ) : (
          <Viewer snapshot={snapshot} />
        )}
        {page.problem !== undefined && (
          <div className="problem" role="alert" data-testid="problem">
            <p>
              <strong>{page.problem.message}</strong> {page.problem.fix}
            </p>
            <button type="button" className="quiet" onClick={page.dismissProblem}>
              {words.dismiss}
            </button>
          </div>
        )}
        <Foot page={page} snapshot={snapshot} />
      </div>
    </section>
  );
}

/** Bringing others, starting a run, and what joining does. */
function Foot({ page, snapshot }: RoleProps) {
  const role = roleOf(snapshot);
  const { starter } = page;
  const { view, invite, volunteer } = snapshot;
  const isThere = isInRun(volunteer);
  const [wasThere, setWasThere] = useState(isThere);
  const [runs, setRuns] = useState(0);
  if (wasThere !== isThere) {
    setWasThere(isThere);
    if (isThere) setRuns(runs + 1);
  }
  const isBeginning = page.pending === 'join' || volunteer?.state === 'starting';
  return (
    <>
      {view.run !== undefined && invite !== undefined && <Invite invite={invite} />}
      {starter !== undefined && role !== 'viewer' && (
        // What was typed stays until the run is there: starting it may fail.
        <div key={runs} hidden={isBeginning}>
          <StartRunPlace page={page} snapshot={snapshot} />
        </div>
      )}
      {page.keys !== undefined && role !== 'viewer' && (
        <KeyMovePlace desk={page.keys} isInRun={signs(page, snapshot)} />
      )}
      {starter !== undefined && <Consent starter={starter} isOpen={role === 'guest'} />}
    </>
  );
}

/** Whether the key of this tab is in use: not before it joins, nor after it left or failed. */
const signs = (page: PageState, snapshot: PageSnapshot): boolean =>
  page.pending === 'join' || (roleOf(snapshot) === 'volunteer' && snapshot.volunteer?.state !== 'failed');

interface RoleProps {
  readonly page: PageState;
  readonly snapshot: PageSnapshot;
}

function runSentence({ view, invite }: PageSnapshot): string {
  if (view.run === undefined && invite?.byInvitation === true) return text.invite.nobody;
  if (view.run === undefined) {
    return view.connected ? words.noRun : words.looking;
  }
  const training = view.presences.filter((presence) => presence.member).length;
  const round = view.records.at(-1)?.round;
  return words.run(formatCount(view.run.parameters), round, training);
}

/** An empty place with a name of its own may be the address of a run by invitation that lost its key on the way. */
const mayLackKey = ({ view, invite }: PageSnapshot): boolean =>
  view.run === undefined && invite !== undefined && !invite.byInvitation && invite.room !== 'main';

function Guest(props: RoleProps & { readonly joinPlace: RefCallback<HTMLElement> }) {
  const { page, snapshot, joinPlace } = props;
  const { environment, view, volunteer } = snapshot;
  const way = stepperOf(snapshot, page.pending === 'join');
  const lead = useId();
  return (
    <>
      <h1 data-testid="state" data-state={volunteer?.state ?? 'guest'}>
        {volunteer?.state === 'left'
          ? stateTitles.left
          : view.run === undefined
            ? words.start
            : words.underWay}
      </h1>
      <p className="lead" id={lead}>
        {way?.title ?? runSentence(snapshot)}
      </p>
      {way === undefined && mayLackKey(snapshot) && (
        <p className="note" data-testid="no-key">
          {text.invite.noKey}
        </p>
      )}
      <div className="actions" ref={joinPlace}>
        {/* With the form open, a second button would start another run than the one that is being chosen. */}
        {!(page.isChoosing && view.run === undefined && page.pending === undefined) && (
          <JoinButton page={page} name={words.join} />
        )}
        <p className="note">
          {environment.gpu === undefined ? environment.reason : words.trainsOn(environment.gpu)}{' '}
          {environment.gpuIsSoftware === true && <Tag kind="warn">{words.softwareSlow}</Tag>} {words.leave}
        </p>
      </div>
      {way !== undefined && (
        <div className="control-foot">
          <Stepper way={way} catchUp={undefined} titleId={lead} />
        </div>
      )}
    </>
  );
}

function Viewer({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const { environment } = snapshot;
  return (
    <>
      <h1 data-testid="state" data-state="viewer">
        {words.watching}
      </h1>
      <p className="lead">{runSentence(snapshot)}</p>
      <div className="callout" data-testid="viewer-reason">
        <p>
          <strong>{words.cannotTrain}</strong> {environment.reason}
        </p>
        {environment.fix !== '' && <p>{environment.fix}</p>}
        {environment.secureUrl !== undefined && (
          <p>
            <a className="button primary" href={environment.secureUrl} data-testid="secure-link">
              {words.secure}
            </a>{' '}
            <span className="note mono">{environment.secureUrl}</span>
          </p>
        )}
      </div>
    </>
  );
}
