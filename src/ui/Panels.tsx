import { memo, useEffect, useRef, useState, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import type { VolunteerStatus } from '../volunteer/status.ts';
import { namesOf, type NameOf } from './contribution-names.ts';
import { roleOf } from './derive.ts';
import type { PageSnapshot } from './host.ts';
import { Agreement } from './panels/Agreement.tsx';
import { CurvesPanel } from './panels/CurvesPanel.tsx';
import { Events } from './panels/Events.tsx';
import { Leaderboard } from './panels/Leaderboard.tsx';
import { Ledger } from './panels/Ledger.tsx';
import { Peers } from './panels/Peers.tsx';
import { PromptBox } from './panels/PromptBox.tsx';
import { Receipts } from './panels/Receipts.tsx';
import { RoundTimeline } from './panels/RoundTimeline.tsx';
import { Samples } from './panels/Samples.tsx';
import { Sharing } from './panels/ShareCard.tsx';
import { TakeHome } from './panels/TakeHome.tsx';
import { TimePanel } from './panels/TimePanel.tsx';
import { Traffic } from './panels/Traffic.tsx';
import { Vitals } from './panels/Vitals.tsx';
import { Sight } from './sight.ts';
import type { PageState, PageStore } from './store.ts';
import type { Turns } from './turns.ts';

/** What a panel is given. */
interface Known {
  readonly page: PageState;
  readonly snapshot: PageSnapshot;
  /** The volunteer of this tab, if it has one. */
  readonly own: VolunteerStatus | undefined;
  readonly nameOf: NameOf;
}

const panels: readonly ((known: Known) => ReactNode)[] = [
  ({ snapshot }) => <Vitals snapshot={snapshot} />,
  ({ snapshot }) => <CurvesPanel snapshot={snapshot} />,
  ({ snapshot }) => <Agreement snapshot={snapshot} />,
  ({ page }) => <Samples history={page.samples} />,
  ({ page, snapshot }) => <PromptBox snapshot={snapshot} write={page.write} />,
  ({ page, snapshot }) => <TakeHome snapshot={snapshot} takeHome={page.takeHome} />,
  ({ snapshot }) => <Peers snapshot={snapshot} />,
  ({ own, nameOf }) => own && <RoundTimeline volunteer={own} nameOf={nameOf} />,
  ({ page, snapshot, own }) =>
    own && <Receipts volunteer={own} contribution={snapshot.contribution} setName={page.setName} />,
  ({ own, nameOf }) => own && <Leaderboard board={own.leaderboard} self={own.self} nameOf={nameOf} />,
  ({ own }) => own && <TimePanel volunteer={own} />,
  ({ own, snapshot }) => own && <Traffic volunteer={own} snapshot={snapshot} />,
  ({ snapshot }) => <Ledger snapshot={snapshot} />,
  ({ snapshot }) => <Events snapshot={snapshot} />,
  ({ page, snapshot }) => <Sharing snapshot={snapshot} recorder={page.recorder} />,
];

/**
 * A panel for everything the page knows of a run. Each is drawn again in its own turn: all at once are more than a page should do
 * between two presses of a key. Loaded after the page's head is painted.
 */
export const Panels = memo(function Panels(props: { readonly store: PageStore; readonly turns: Turns }) {
  const { store, turns } = props;
  return (
    <div className="panels">
      {panels.map((show, index) => (
        <Turn key={index} store={store} turns={turns} show={show} />
      ))}
    </div>
  );
});

/** A panel as of its last turn. */
function Turn(props: {
  readonly store: PageStore;
  readonly turns: Turns;
  readonly show: (known: Known) => ReactNode;
}) {
  const { store, turns, show } = props;
  const [page, setPage] = useState(() => store.getState());
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const sight = new Sight(() => {
      turns.appeared();
    });
    const leave = turns.add(
      () => {
        // Within the turn, or several would be drawn together.
        flushSync(() => setPage(store.getState()));
        sight.of(place.current?.firstElementChild);
      },
      () => sight.isThere,
    );
    return () => {
      leave();
      sight.close();
    };
  }, [store, turns]);
  const { snapshot } = page;
  if (snapshot === undefined) return null;
  const own = roleOf(snapshot) === 'volunteer' ? snapshot.volunteer : undefined;
  return (
    <div className="turn" ref={place}>
      {show({ page, snapshot, own, nameOf: namesOf(snapshot) })}
    </div>
  );
}
