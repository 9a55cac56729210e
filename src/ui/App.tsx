import { useStore } from 'zustand';
import { announcementOf, roleOf } from './derive.ts';
import { Agreement } from './panels/Agreement.tsx';
import { Control } from './panels/Control.tsx';
import { Events } from './panels/Events.tsx';
import { Footer, Header } from './panels/Frame.tsx';
import { Ledger } from './panels/Ledger.tsx';
import { LossPanel } from './panels/LossPanel.tsx';
import { Peers } from './panels/Peers.tsx';
import { Receipts } from './panels/Receipts.tsx';
import { Sample } from './panels/Sample.tsx';
import { TimePanel } from './panels/TimePanel.tsx';
import { Traffic } from './panels/Traffic.tsx';
import { Vitals } from './panels/Vitals.tsx';
import { HowItWorks } from './panels/HowItWorks.tsx';
import type { PageStore } from './store.ts';

/** The whole page over one snapshot: a control card, then a panel for everything the snapshot holds. */
export function App({ store }: { readonly store: PageStore }) {
  const state = useStore(store);
  const { snapshot } = state;
  return (
    <>
      <Header view={snapshot?.view} />
      <main>
        <p className="visually-hidden" role="status" aria-live="polite" data-testid="announcement">
          {announcementOf(snapshot)}
        </p>
        <Control page={state} />
        {snapshot !== undefined && <Panels snapshot={snapshot} />}
      </main>
      <Footer view={snapshot?.view} />
    </>
  );
}

type Snapshot = NonNullable<ReturnType<PageStore['getState']>['snapshot']>;

function Panels({ snapshot }: { readonly snapshot: Snapshot }) {
  const { view, volunteer } = snapshot;
  const volunteering = roleOf(snapshot) === 'volunteer';
  const nothingYet = !volunteering && view.run === undefined && view.records.length === 0;
  if (nothingYet) return <HowItWorks />;
  return (
    <div className="panels">
      <Vitals snapshot={snapshot} />
      <LossPanel snapshot={snapshot} />
      <Agreement snapshot={snapshot} />
      <Sample snapshot={snapshot} />
      <Peers snapshot={snapshot} />
      {volunteering && volunteer !== undefined && (
        <>
          <Receipts volunteer={volunteer} />
          <TimePanel volunteer={volunteer} />
          <Traffic volunteer={volunteer} snapshot={snapshot} />
        </>
      )}
      <Ledger snapshot={snapshot} />
      <Events snapshot={snapshot} />
    </div>
  );
}
