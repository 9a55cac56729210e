import { useEffect, useId, useState } from 'react';
import type { ChoiceField } from '../../volunteer/run-choice.ts';
import type { CutModel, CutText } from '../../volunteer/text-choice.ts';
import type { PageSnapshot } from '../host.ts';
import { freshStart, readStart, startBounds, suggestName, type StartForm } from '../start-run.ts';
import type { PageState } from '../store.ts';
import { text } from '../text.ts';
import { StartFromModel } from './StartFromModel.tsx';
import { StartRunAddress } from './StartRunAddress.tsx';
import { StartRunEstimate } from './StartRunEstimate.tsx';
import { StartRunNumber } from './StartRunNumber.tsx';
import { StartRunSize } from './StartRunSize.tsx';
import { StartRunWho } from './StartRunWho.tsx';
import { TextChoice } from './TextChoice.tsx';

const words = text.start;
const draw = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/** The form for a new run: all of it is chosen here, and the estimate under it follows what is chosen. */
export function StartRun(props: { readonly page: PageState; readonly snapshot: PageSnapshot }) {
  const { page, snapshot } = props;
  // What is not touched follows what is measured meanwhile.
  const [touched, touch] = useState<Partial<StartForm>>({});
  const [newName] = useState(() => suggestName(draw));
  const [ownText, setOwnText] = useState<CutText>();
  const [isCutting, setCutting] = useState(false);
  const [model, setModel] = useState<CutModel>();
  const [isReading, setReading] = useState(false);
  const [wrong, setWrong] = useState<ChoiceField>();
  const [wasPressed, setPressed] = useState(false);
  useEffect(keepFilesOut, []);
  const id = useId();
  const form: StartForm = {
    ...freshStart(snapshot, newName),
    ...touched,
    ...(model === undefined ? {} : { preset: model.preset }),
  };
  const set = (change: Partial<StartForm>): void => {
    touch((before) => ({ ...before, ...change }));
  };
  const read = readStart(form, ownText, model);
  const number = { form, wrong, set };
  const missing = isCutting ? 'text' : isReading ? 'model' : undefined;
  const isBusy = page.pending !== undefined || isCutting || isReading;
  return (
    <form
      className="start-run"
      noValidate
      aria-describedby={`${id}-lead`}
      onSubmit={(event) => {
        event.preventDefault();
        setWrong(read.ok ? undefined : read.field);
        setPressed(true);
        if (read.ok && !isBusy) void page.startRun(read.choice);
      }}
    >
      <p className="note" id={`${id}-lead`}>
        {words.lead} {snapshot.view.run !== undefined && words.leaves}
      </p>
      <StartRunAddress form={form} wrong={wrong} set={set} choice={read.ok ? read.choice : undefined} />
      <StartRunSize
        form={form}
        snapshot={snapshot}
        isMeasuring={page.isMeasuring}
        isGiven={model !== undefined}
        set={set}
      />
      {page.starter !== undefined && (
        <TextChoice desk={page.starter.texts} chosen={ownText} choose={setOwnText} busy={setCutting} />
      )}
      {page.starter?.models !== undefined && (
        <StartFromModel reader={page.starter.models} chosen={model} choose={setModel} busy={setReading} />
      )}
      <fieldset>
        <legend>{words.length}</legend>
        <div className="start-choices">
          {([true, false] as const).map((ends) => (
            <label key={String(ends)} className="start-choice">
              <input
                type="radio"
                name={`${id}-ends`}
                checked={form.ends === ends}
                onChange={() => {
                  set({ ends });
                }}
              />
              {ends ? words.ends : words.endless}
            </label>
          ))}
        </div>
        {form.ends && <StartRunNumber {...number} field="rounds" label={words.rounds} />}
        <StartRunNumber {...number} field="volunteers" label={words.volunteers} help={words.volunteersHelp} />
      </fieldset>
      <StartRunWho form={form} snapshot={snapshot} set={set} />
      <details open={wrong === 'k' || wrong === 'ratePercent' ? true : undefined}>
        <summary>{words.strategy}</summary>
        <p className="note">{words.distro}</p>
        <div className="start-numbers">
          <StartRunNumber {...number} field="k" label={words.k} help={words.kHelp} />
          <StartRunNumber {...number} field="ratePercent" label={words.ratePercent} help={words.rateHelp} />
        </div>
      </details>
      <StartRunEstimate
        snapshot={snapshot}
        form={form}
        fetched={{
          text: ownText === undefined ? 0 : ownText.trainBytes + ownText.validationBytes,
          start: model?.start.bytes ?? 0,
        }}
        isMeasuring={page.isMeasuring}
      />
      {wrong !== undefined && (
        <p className="callout" role="alert" data-testid="start-wrong">
          {words.wrong(words.fields[wrong], startBounds(wrong))}
        </p>
      )}
      {wasPressed && missing !== undefined && (
        <p className="callout" role="alert" data-testid="start-missing">
          {words.filesFirst[missing]}
        </p>
      )}
      <div className="actions">
        <button type="submit" className="primary" aria-disabled={isBusy} data-testid="start-run">
          {page.pending === 'join' ? words.starting : words.submit}
        </button>
      </div>
    </form>
  );
}

/** A file that is dropped beside its box would be opened in place of this page, with all that was typed and trained. */
function keepFilesOut(): () => void {
  const keepOut = (event: DragEvent): void => {
    if (event.defaultPrevented || event.dataTransfer?.types.includes('Files') !== true) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'none';
  };
  addEventListener('dragover', keepOut);
  addEventListener('drop', keepOut);
  return () => {
    removeEventListener('dragover', keepOut);
    removeEventListener('drop', keepOut);
  };
}
