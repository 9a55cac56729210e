import { useState } from 'react';
import { realClock } from '../base/clock.ts';
import { announcementOf, roleOf } from './derive.ts';
import { spokenEvent } from './events.ts';
import type { PageSnapshot } from './host.ts';
import { Coming } from './panels/Coming.tsx';
import { Control } from './panels/Control.tsx';
import { Later, Loaded } from './panels/LoadGuard.tsx';
import { Footer, Header } from './panels/Frame.tsx';
import { HowItWorks } from './panels/HowItWorks.tsx';
import { ReplayStage } from './panels/ReplayStage.tsx';
import { Strip } from './panels/Strip.tsx';
import type { PageState, PageStore } from './store.ts';
import { text } from './text.ts';
import { shares, Turns } from './turns.ts';
import { usePaced } from './use-paced.ts';
import { useSeen } from './use-seen.ts';
import { useUnhurried } from './use-unhurried.ts';

/** Volunteers come and go, and finality waits and goes on, faster than it could be read out. */
const speakEveryMs = 5_000;

/** All below the head of the page: most of its code, and none of it is needed for the first paint. */
export const loadPanels = () => import('./Panels.tsx');
const panels = new Later(async () => (await loadPanels()).Panels);

/** The whole page over one snapshot: a control card, then a panel for everything the snapshot holds. */
export function App({ store }: { readonly store: PageStore }) {
  const [turns] = useState(
    () =>
      new Turns(realClock, () => (isTraining(store.getState().snapshot) ? shares.training : shares.watching)),
  );
  const state = usePaced(store, turns);
  const { snapshot } = state;
  return snapshot === undefined ? <Coming /> : <Page {...{ store, turns, state, snapshot }} />;
}

function Page(props: {
  readonly store: PageStore;
  readonly turns: Turns;
  readonly state: PageState;
  readonly snapshot: PageSnapshot;
}) {
  const { store, turns, state, snapshot } = props;
  const [joinPlace, isJoinSeen] = useSeen();
  const spoken = useUnhurried(announcementOf(snapshot), speakEveryMs);
  const event = useUnhurried(spokenEvent(snapshot.volunteer?.events ?? []), speakEveryMs);
  return (
    <>
      <Header view={snapshot.view} />
      <main>
        <p className="visually-hidden" role="status" aria-live="polite" data-testid="announcement">
          {spoken}
        </p>
        {/* Here, not with the list of events: a panel out of sight is drawn too rarely to speak. */}
        <p className="visually-hidden" role="status" aria-live="polite" data-testid="spoken-event">
          {event}
        </p>
        <Strip page={state} snapshot={snapshot} offersJoin={!isJoinSeen} />
        <Control page={state} snapshot={snapshot} joinPlace={joinPlace} />
        {isEmpty(snapshot) ? (
          <>
            <HowItWorks />
            {state.pending === undefined && (
              <ReplayStage load={state.recording} isReached={snapshot.view.signaling} />
            )}
          </>
        ) : (
          <Loaded later={panels} message={text.page.incomplete} fallback={<div className="panels-coming" />}>
            {(Panels) => <Panels store={store} turns={turns} />}
          </Loaded>
        )}
      </main>
      <Footer view={snapshot.view} />
    </>
  );
}

const isTraining = (snapshot: PageSnapshot | undefined): boolean => snapshot?.volunteer?.state === 'training';

/** Nothing of a run to show. */
const isEmpty = (snapshot: PageSnapshot): boolean =>
  roleOf(snapshot) !== 'volunteer' && snapshot.view.run === undefined && snapshot.view.records.length === 0;
