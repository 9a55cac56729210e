import { useState } from 'react';
import type { KeyDesk } from '../../volunteer/key-desk.ts';
import { text } from '../text.ts';
import { Later, Loaded } from './LoadGuard.tsx';

const forms = new Later(async () => (await import('./KeyMove.tsx')).KeyMove);
const words = text.keys;

/** Where a key is taken away or brought in: folded up, and loaded when someone opens it. */
export function KeyMovePlace(props: { readonly desk: KeyDesk; readonly isInRun: boolean }) {
  const [wasOpened, setOpened] = useState(false);
  return (
    <details
      data-testid="key-place"
      onToggle={({ currentTarget }) => {
        if (currentTarget.open) setOpened(true);
      }}
    >
      <summary>{words.title}</summary>
      {wasOpened && (
        <Loaded later={forms} message={words.notLoaded} fallback={<p className="empty">{words.loading}</p>}>
          {(KeyMove) => <KeyMove {...props} />}
        </Loaded>
      )}
    </details>
  );
}
