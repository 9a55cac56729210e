import { useId, useState } from 'react';
import { problemOf } from '../../base/errors.ts';
import { isSameRun } from '../../replay/standing-run.ts';
import type { ExportType, TakenHome } from '../../volunteer/export-model.ts';
import { saveFile } from '../charts/save-file.ts';
import { formatBytes, formatCount } from '../format.ts';
import type { PageHost, PageSnapshot } from '../host.ts';
import { holdsModel } from '../prompt-form.ts';
import { text } from '../text.ts';
import { Panel } from './Panel.tsx';

const words = text.takeHome;
const bytesOf = { F32: 4, BF16: 2 } as const;

/** What is kept of a model that was taken home: its files, as long as its run is shown. */
interface Taken extends Pick<TakenHome, 'files' | 'round'> {
  readonly archiveName: string;
  readonly run: PageSnapshot['view']['run'];
}

/** The model of this tab as files that other tools load. */
export function TakeHome(props: {
  readonly snapshot: PageSnapshot;
  readonly takeHome: PageHost['takeHome'];
}) {
  const { volunteer } = props.snapshot;
  const [dtype, setType] = useState<ExportType>('F32');
  const [taken, setTaken] = useState<Taken>();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<{ readonly message: string; readonly fix: string }>();
  const name = useId();
  const { run } = props.snapshot.view;
  // Of another run it would be another model.
  if (taken !== undefined && run !== undefined && (taken.run === undefined || !isSameRun(run, taken.run)))
    setTaken(undefined);
  if (volunteer === undefined || (!holdsModel(volunteer) && taken === undefined)) return null;
  const take = async (): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const model = await props.takeHome(dtype);
      saveFile(model.archive.name, model.archive.blob);
      // The archive is as large as all the files: the browser has it now.
      const { files, round, archive } = model;
      setTaken({ files, round, archiveName: archive.name, run });
    } catch (thrown) {
      setProblem(problemOf(thrown, ''));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel title={words.title} area="take-home">
      <p>{words.what(formatCount(volunteer.parameters))}</p>
      <fieldset className="take-home-types">
        <legend>{words.numbers}</legend>
        {(['F32', 'BF16'] as const).map((type) => (
          <label key={type}>
            <input
              type="radio"
              name={name}
              checked={dtype === type}
              onChange={() => {
                setType(type);
              }}
            />{' '}
            {words.types[type]}{' '}
            <span className="note">{words.about(formatBytes(bytesOf[type] * volunteer.parameters))}</span>
          </label>
        ))}
      </fieldset>
      <div className="actions">
        <button
          type="button"
          className="primary"
          aria-disabled={isBusy}
          data-testid="take-home"
          onClick={() => void take()}
        >
          {isBusy ? words.reading : words.download}
        </button>
      </div>
      <div role="status" aria-live="polite">
        {problem !== undefined && (
          <p className="callout" data-testid="take-home-problem">
            <strong>{problem.message}</strong> {problem.fix}
          </p>
        )}
        {taken !== undefined && <p data-testid="taken-home">{words.taken(taken.archiveName, taken.round)}</p>}
      </div>
      {taken !== undefined && (
        <ul className="take-home-files" aria-label={words.oneByOne(taken.round)}>
          {taken.files.map((file) => (
            <li key={file.name}>
              <button
                type="button"
                className="quiet"
                onClick={() => {
                  saveFile(file.name, file.blob);
                }}
              >
                {file.name}
              </button>{' '}
              <span className="note">{formatBytes(file.blob.size)}</span>
            </li>
          ))}
        </ul>
      )}
      <p className="note">{words.card}</p>
    </Panel>
  );
}
