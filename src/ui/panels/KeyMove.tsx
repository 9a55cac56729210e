import { useEffect, useRef, useState, type ReactNode } from 'react';
import { problemOf } from '../../base/errors.ts';
import { friendlyName } from '../../base/friendly-name.ts';
import type { KeyAway, KeyDesk, KeySaved, KeyView } from '../../volunteer/key-desk.ts';
import { saveFile } from '../charts/save-file.ts';
import { text } from '../text.ts';
import { Who } from './ContributionWho.tsx';
import { BringIn, MakeMovable, TakeAway } from './KeyMoveForms.tsx';

const words = text.keys;

/** Called: the chosen name, or the one that the id gives. */
const nameOf = (key: { readonly id: string; readonly name: string | undefined }): string =>
  key.name ?? friendlyName(key.id);

const save = ({ fileName, text: content }: KeySaved): void => {
  saveFile(fileName, new Blob([content], { type: 'application/json' }));
};

/** This tab's key, and the ways to take it to another browser and to bring one here. */
export function KeyMove({ desk, isInRun }: { readonly desk: KeyDesk; readonly isInRun: boolean }) {
  const [view, setView] = useState<KeyView>();
  const [problem, setProblem] = useState<{ readonly message: string; readonly fix: string }>();
  const [said, say] = useState('');
  const outcome = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (isInRun) return;
    let isHere = true;
    desk.look().then(
      (seen) => {
        if (isHere) setView(seen);
      },
      (thrown: unknown) => {
        if (isHere) setProblem(problemOf(thrown, ''));
      },
    );
    return () => {
      isHere = false;
    };
  }, [desk, isInRun]);

  /** What was done replaces the form that did it, so the focus goes to what came of it. */
  const done = (seen: KeyView, sentence: string): void => {
    setView(seen);
    setProblem(undefined);
    say(sentence);
    outcome.current?.focus();
  };
  /** For buttons without a form. */
  const attempt = async (work: () => Promise<void> | void): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      setProblem(problemOf(thrown, ''));
    }
  };
  const you = (seen: KeyView): string => (seen.here === undefined ? '' : nameOf(seen.here));

  return (
    <div className="start-run key-move">
      <p className="note">{words.lead}</p>
      {isInRun ? (
        <p className="callout" data-testid="key-in-run">
          {words.inRun}
        </p>
      ) : (
        view !== undefined && (
          <>
            <Here view={view} />
            {view.here?.canMove === true ? (
              <TakeAway
                key={view.here.id}
                takeAway={async (password) => {
                  const saved = await desk.takeAway(password);
                  done(await desk.look(), words.take.done(saved.fileName));
                  // Where this fails, the file is offered again.
                  await attempt(() => save(saved));
                }}
              />
            ) : (
              <MakeMovable
                hasKey={view.here !== undefined}
                make={async (password) => {
                  const seen = await desk.makeMovable(password);
                  done(seen, words.make.done(you(seen)));
                }}
              />
            )}
            <BringIn
              key={`to ${view.here?.id ?? 'nobody'}`}
              hasKey={view.here !== undefined}
              bringIn={async (file, password) => {
                const seen = await desk.bringIn(file, password);
                done(seen, words.bring.done(you(seen)));
              }}
            />
            <Away
              view={view}
              again={(id) => attempt(async () => save(await desk.again(id)))}
              forget={(id) =>
                attempt(async () => {
                  done(await desk.forgetCopy(id), words.away.forgot);
                })
              }
            />
          </>
        )
      )}
      {problem !== undefined && (
        <p className="callout" role="alert" data-testid="key-problem">
          <strong>{problem.message}</strong> {problem.fix}
        </p>
      )}
      <p ref={outcome} tabIndex={-1} role="status" data-testid="key-said">
        {said}
      </p>
    </div>
  );
}

function Here({ view: { here } }: { readonly view: KeyView }) {
  return (
    <p data-testid="key-here" data-id={here?.id}>
      {here === undefined ? (
        words.nobody
      ) : (
        <>
          {words.here} <Who id={here.id} name={nameOf(here)} />
        </>
      )}
    </p>
  );
}

/** Keys that left, as long as their files can be saved again. */
function Away(props: {
  readonly view: KeyView;
  readonly again: (id: KeyAway['id']) => Promise<void>;
  readonly forget: (id: KeyAway['id']) => Promise<void>;
}): ReactNode {
  const { view, again, forget } = props;
  if (view.away.length === 0) return null;
  return (
    <section aria-label={words.away.title} data-testid="keys-away">
      <h2>{words.away.title}</h2>
      <p className="note">{words.away.note}</p>
      <ul className="keys-away">
        {view.away.map((key) => (
          <li key={key.id}>
            <Who id={key.id} name={nameOf(key)} />
            <span className="note">{words.away.left(new Date(key.atMs).toLocaleDateString())}</span>
            <button
              type="button"
              className="quiet"
              aria-label={words.away.againOf(nameOf(key))}
              onClick={() => void again(key.id)}
            >
              {words.away.again}
            </button>
            <button
              type="button"
              className="quiet"
              aria-label={words.away.forgetOf(nameOf(key))}
              onClick={() => void forget(key.id)}
            >
              {words.away.forget}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
