import { useEffect, useId, useState } from 'react';
import { readRecording } from '../../replay/recording-file.ts';
import { recordingLimits, type Recording } from '../../replay/recording.ts';
import { text } from '../text.ts';
import { ReplayPlayer } from './ReplayPlayer.tsx';

const words = text.replay;

type Shown =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed' }
  /**
   * `file`: its name, where someone opened it; undefined for the one that comes with the page. `opened`: how many were before it.
   */
  | {
      readonly kind: 'recording';
      readonly recording: Recording;
      readonly file: string | undefined;
      readonly opened: number;
    };

/**
 * A recorded run in place of one to watch: the one that comes with the page, or a file of one's own. `isReached`: the server is,
 * so that it is known that nobody trains.
 */
export function ReplayRoom(props: { readonly load: () => Promise<Recording>; readonly isReached: boolean }) {
  const { load, isReached } = props;
  const [shown, show] = useState<Shown>({ kind: 'loading' });
  const [problem, setProblem] = useState('');
  useEffect(() => {
    let isOver = false;
    const unlessOver = (next: Shown): void => {
      // A file that was opened meanwhile stays.
      if (!isOver) show((now) => (now.kind === 'recording' ? now : next));
    };
    load().then(
      (recording) => unlessOver({ kind: 'recording', recording, file: undefined, opened: 0 }),
      () => unlessOver({ kind: 'failed' }),
    );
    return () => {
      isOver = true;
    };
  }, [load]);
  const open = async (file: File): Promise<void> => {
    if (file.size > recordingLimits.characters) {
      setProblem(words.tooLarge);
      return;
    }
    // A file may be moved, or its disk taken out, after it was chosen.
    const content = await file.text().catch(() => undefined);
    if (content === undefined) {
      setProblem(words.unreadable);
      return;
    }
    const read = readRecording(content);
    setProblem(read.ok ? '' : words.refused(read.reason));
    if (!read.ok) return;
    show((now) => {
      const opened = now.kind === 'recording' ? now.opened + 1 : 1;
      return { kind: 'recording', recording: read.value, file: file.name, opened };
    });
  };
  const file = <OpenFile open={(chosen) => void open(chosen)} problem={problem} />;
  return (
    <section className="replay" aria-label={words.name} data-testid="replay">
      {shown.kind === 'recording' ? (
        // Another recording is another player.
        <ReplayPlayer
          key={shown.opened}
          recording={shown.recording}
          title={shown.file === undefined ? words.title(isReached) : words.own(shown.file)}
        >
          {file}
        </ReplayPlayer>
      ) : (
        <div className="replay-bar">
          <p className="empty">{words[shown.kind]}</p>
          {file}
        </div>
      )}
    </section>
  );
}

function OpenFile(props: { readonly open: (file: File) => void; readonly problem: string }) {
  const id = useId();
  return (
    <div className="replay-open">
      <label htmlFor={id}>{words.open}</label>{' '}
      <input
        id={id}
        type="file"
        accept=".json,application/json"
        onChange={({ currentTarget }) => {
          const [chosen] = currentTarget.files ?? [];
          if (chosen !== undefined) props.open(chosen);
          currentTarget.value = '';
        }}
      />
      <p role="status" className="note replay-problem">
        {props.problem}
      </p>
    </div>
  );
}
