import { useEffect, useState } from 'react';
import type { Recording } from '../../replay/recording.ts';
import { text } from '../text.ts';
import { Later, Loaded } from './LoadGuard.tsx';

/** A room needs a moment to say who is in it. */
const graceMs = 2_500;

const room = new Later(async () => (await import('./ReplayRoom.tsx')).ReplayRoom);

/** A recorded run where there is none to watch, after a moment in which one might be heard of. Loaded for that. */
export function ReplayStage(props: {
  readonly load: (() => Promise<Recording>) | undefined;
  /** The server is reached, so that it is known that nobody trains. */
  readonly isReached: boolean;
}) {
  const { load, isReached } = props;
  const [isTime, setTime] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setTime(true), graceMs);
    return () => {
      clearTimeout(timer);
    };
  }, []);
  if (!isTime || load === undefined) return null;
  return (
    <Loaded later={room} message={text.page.noReplay} fallback={null}>
      {(ReplayRoom) => <ReplayRoom load={load} isReached={isReached} />}
    </Loaded>
  );
}
