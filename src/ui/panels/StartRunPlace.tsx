import { useEffect, useState } from 'react';
import type { PageSnapshot } from '../host.ts';
import type { PageState } from '../store.ts';
import { text } from '../text.ts';
import { Later, Loaded } from './LoadGuard.tsx';

const form = new Later(async () => (await import('./StartRun.tsx')).StartRun);

/** Where a run is started: folded up, and its form is loaded when someone opens it. */
export function StartRunPlace(props: { readonly page: PageState; readonly snapshot: PageSnapshot }) {
  const { page, snapshot } = props;
  const [wasOpened, setOpened] = useState(false);
  const { setChoosing } = page;
  // The form goes with this place, as when the run has begun.
  useEffect(() => () => setChoosing(false), [setChoosing]);
  const words = text.start;
  return (
    <details
      className="start-place"
      data-testid="start-place"
      onToggle={({ currentTarget }) => {
        page.setChoosing(currentTarget.open);
        if (!currentTarget.open || wasOpened) return;
        setOpened(true);
        void page.measureGpu();
      }}
    >
      <summary>{snapshot.view.run === undefined ? words.here : words.elsewhere}</summary>
      {wasOpened && (
        <Loaded later={form} message={words.notLoaded} fallback={<p className="empty">{words.loading}</p>}>
          {(StartRun) => <StartRun page={page} snapshot={snapshot} />}
        </Loaded>
      )}
    </details>
  );
}
