import { useId, useRef, useState, type DragEvent } from 'react';
import { problemOf } from '../../base/errors.ts';

/** What is said of files while something is made of them; `share` in [0, 1], undefined where that is not known. */
export interface FilesProgress {
  readonly line: string;
  readonly share: number | undefined;
}

export interface FilesProblem {
  readonly message: string;
  readonly fix: string;
}

export type FilesOutcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: FilesProblem };

/** The words of a choice between what is usual and files of one's own. */
export interface FilesWords {
  readonly legend: string;
  readonly builtIn: string;
  readonly builtInNote: string;
  readonly own: string;
  readonly ownNote: string;
  readonly choose: string;
  readonly orDrop: string;
  readonly limits: string;
  readonly again: string;
  readonly first: string;
}

/** A choice between what is usual (`chosen` undefined) and what `make` makes of files that are chosen or dropped. */
export function FilesChoice<T>(props: {
  readonly words: FilesWords;
  readonly accept: string;
  readonly make: (
    files: readonly File[],
    tell: (progress: FilesProgress) => void,
  ) => Promise<FilesOutcome<T>>;
  readonly chosen: T | undefined;
  readonly choose: (chosen: T | undefined) => void;
  /** What came of the files. */
  readonly ready: (chosen: T) => readonly string[];
  /** Told whether files are wanted that are not there yet, so that nothing is started without them. */
  readonly busy: (isBusy: boolean) => void;
  readonly testId: string;
}) {
  const { words, chosen, choose, busy, testId } = props;
  const [isOwn, setOwn] = useState(chosen !== undefined);
  const [progress, setProgress] = useState<FilesProgress>();
  const [problem, setProblem] = useState<FilesProblem>();
  const [isOver, setOver] = useState(false);
  /** Of the files chosen last: what an earlier choice comes to is not looked at. */
  const newest = useRef(0);
  const name = useId();
  const title = useId();
  const make = async (files: readonly File[]): Promise<void> => {
    const own = ++newest.current;
    const isNewest = (): boolean => newest.current === own;
    choose(undefined);
    busy(true);
    setProblem(undefined);
    setProgress({ line: words.first, share: undefined });
    try {
      const outcome = await props.make(files, (said) => {
        if (isNewest()) setProgress(said);
      });
      if (!isNewest()) return;
      if (outcome.ok) choose(outcome.value);
      else setProblem(outcome.problem);
      busy(!outcome.ok);
    } catch (thrown) {
      if (isNewest()) setProblem(problemOf(thrown, words.again));
    }
    if (isNewest()) setProgress(undefined);
  };
  const takeUsual = (): void => {
    newest.current++;
    setOwn(false);
    setProgress(undefined);
    setProblem(undefined);
    choose(undefined);
    busy(false);
  };
  const takeOwn = (): void => {
    setOwn(true);
    busy(true);
  };
  const dropped = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    void make([...event.dataTransfer.files]);
  };
  return (
    <fieldset data-testid={testId}>
      <legend>{words.legend}</legend>
      <div className="start-choices">
        <label className="start-choice">
          <input type="radio" name={name} checked={!isOwn} onChange={takeUsual} />
          <span>
            {words.builtIn}
            <span className="note">{words.builtInNote}</span>
          </span>
        </label>
        <label className="start-choice">
          <input type="radio" name={name} checked={isOwn} onChange={takeOwn} data-testid={`${testId}-own`} />
          <span>
            {words.own}
            <span className="note">{words.ownNote}</span>
          </span>
        </label>
      </div>
      {isOwn && (
        <div
          className={isOver ? 'files-drop is-over' : 'files-drop'}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={dropped}
        >
          <p>
            <label className="files-button">
              <input
                type="file"
                multiple
                className="visually-hidden"
                accept={props.accept}
                data-testid={`${testId}-files`}
                onChange={({ target }) => {
                  const files = [...(target.files ?? [])];
                  target.value = ''; // the same files can be chosen again
                  if (files.length > 0) void make(files);
                }}
              />
              {words.choose}
            </label>{' '}
            {words.orDrop}
          </p>
          <p className="note">{words.limits}</p>
          {progress !== undefined && (
            <div>
              <p id={title}>{progress.line}</p>
              <progress
                aria-labelledby={title}
                max={1}
                {...(progress.share === undefined ? {} : { value: progress.share })}
              />
            </div>
          )}
        </div>
      )}
      <div role="status" aria-live="polite">
        {isOwn && problem !== undefined && (
          <p className="callout" data-testid={`${testId}-problem`}>
            <strong>{problem.message}</strong> {problem.fix}
          </p>
        )}
        {isOwn && chosen !== undefined && (
          <div className="files-ready" data-testid={`${testId}-ready`}>
            {props.ready(chosen).map((line) => (
              <p key={line}>{line}</p>
            ))}
          </div>
        )}
      </div>
    </fieldset>
  );
}
