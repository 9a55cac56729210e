import { useEffect, useId, useRef, useState } from 'react';
import type { PromptField, PromptProgress } from '../../volunteer/prompt-request.ts';
import type { VolunteerStatus } from '../../volunteer/status.ts';
import { roleOf } from '../derive.ts';
import { formatSpeed } from '../format.ts';
import type { PageHost, PageSnapshot } from '../host.ts';
import { boundsOf, freshForm, holdsModel, readForm } from '../prompt-form.ts';
import { text } from '../text.ts';
import { Panel } from './Panel.tsx';
import { PromptSettings } from './PromptSettings.tsx';

const words = text.prompt;

/** A text as it is written: after which prompt, with which seed. */
interface Written {
  readonly prompt: string;
  readonly seed: number;
  readonly text: string;
  readonly last: PromptProgress | undefined;
}

const draw = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/** Has the model of this tab go on from a prompt. */
export function PromptBox(props: { readonly snapshot: PageSnapshot; readonly write: PageHost['write'] }) {
  const { snapshot, write } = props;
  const [form, setForm] = useState(freshForm);
  const [wrong, setWrong] = useState<PromptField>();
  const [written, setWritten] = useState<Written>();
  const stop = useRef<() => void>(() => undefined);
  const prompt = useId();
  useEffect(
    () => () => {
      stop.current();
    },
    [],
  );
  const { volunteer, environment } = snapshot;
  const role = roleOf(snapshot);
  if (role === 'viewer') return <Away reason={`${words.viewer} ${environment.reason}`} />;
  if (role === 'guest') return <Away reason={words.guest} />;
  const isWriting = written !== undefined && (written.last?.state ?? 'writing') === 'writing';
  if (!holdsModel(volunteer) && written === undefined) return <Away reason={awayBecause(volunteer)} />;

  const start = (): void => {
    const read = readForm(form, draw());
    setWrong(read.ok ? undefined : read.field);
    if (!read.ok) return;
    const { request } = read;
    setWritten({ prompt: request.prompt, seed: request.seed, text: '', last: undefined });
    stop.current = write(request, (last) => {
      setWritten((before) => before && { ...before, text: before.text + last.text, last });
    });
  };
  return (
    <Panel title={words.title} area="prompt">
      <form
        className="prompt"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isWriting) start();
        }}
      >
        <label htmlFor={prompt}>{words.prompt}</label>
        <textarea
          id={prompt}
          rows={3}
          spellCheck={false}
          value={form.prompt}
          aria-invalid={wrong === 'prompt'}
          data-testid="prompt"
          onChange={({ target }) => {
            setForm({ ...form, prompt: target.value });
          }}
        />
        <PromptSettings form={form} wrong={wrong} set={setForm} />
        {wrong !== undefined && (
          <p className="callout" role="alert" data-testid="prompt-wrong">
            {words.wrong(words.fields[wrong], boundsOf(wrong))}
          </p>
        )}
        <div className="actions">
          <button type="submit" className="primary" aria-disabled={isWriting} data-testid="write">
            {isWriting ? words.writing : words.write}
          </button>
          {isWriting && (
            <button type="button" data-testid="stop-writing" onClick={() => stop.current()}>
              {words.stop}
            </button>
          )}
          {isWriting && volunteer?.state === 'training' && <p className="note">{words.meanwhile}</p>}
        </div>
      </form>
      <Output written={written} />
    </Panel>
  );
}

const awayBecause = (volunteer: VolunteerStatus | undefined): string =>
  volunteer?.state === 'failed' ? words.failed : volunteer?.isAside === true ? words.aside : words.notYet;

function Away({ reason }: { readonly reason: string }) {
  return (
    <Panel title={words.title} area="prompt">
      <p className="empty" data-testid="prompt-away">
        {reason}
      </p>
    </Panel>
  );
}

function Output({ written }: { readonly written: Written | undefined }) {
  const last = written?.last;
  const over = last !== undefined && last.state !== 'writing' ? last : undefined;
  return (
    <>
      <p className="visually-hidden" role="status" aria-live="polite">
        {over === undefined ? '' : words.over[over.state === 'writing' ? 'done' : over.state]}
      </p>
      {written !== undefined && (
        <>
          <blockquote
            className="sample written"
            tabIndex={0}
            aria-label={words.output}
            data-testid="written"
            data-state={last?.state ?? 'writing'}
          >
            <span className="written-prompt">{written.prompt}</span>
            {written.text}
          </blockquote>
          <p className="note" data-testid="written-speed">
            {words.facts(
              text.counts.tokens(last?.tokens ?? 0),
              last?.tokensPerSecond === undefined ? undefined : formatSpeed(last.tokensPerSecond),
              written.seed,
            )}
          </p>
        </>
      )}
      {over?.problem !== undefined && (
        <p className="callout" data-testid="write-problem">
          <strong>{over.problem.message}</strong> {over.problem.fix}
        </p>
      )}
    </>
  );
}
