import { useId } from 'react';
import type { CatchUp } from '../../volunteer/status.ts';
import { catchUpLine, catchUpStages } from '../catch-up.ts';
import { text } from '../text.ts';

const words = text.catchUp;

/** How far a latecomer has come: three stages, and the progress of the present one. */
export function CatchUpProgress({ catchUp }: { readonly catchUp: CatchUp }) {
  const title = useId();
  const line = catchUpLine(catchUp);
  const present = catchUpStages.findIndex(({ stage }) => stage === catchUp.stage);
  return (
    <div className="catch-up" data-testid="catch-up" data-stage={catchUp.stage}>
      <ol className="catch-up-stages" aria-label={words.stages}>
        {catchUpStages.map(({ stage, name }, index) => (
          <li
            key={stage}
            className={index < present ? 'is-done' : index === present ? 'is-present' : undefined}
            aria-current={index === present ? 'step' : undefined}
          >
            <span className="catch-up-mark" aria-hidden="true">
              {index < present ? '✓' : index + 1}
            </span>
            {name}
            {index < present && <span className="visually-hidden">{words.done}</span>}
          </li>
        ))}
      </ol>
      <p id={title}>{line.title}</p>
      <progress
        aria-labelledby={title}
        aria-valuetext={line.text}
        max={1}
        {...(line.share === undefined ? {} : { value: line.share })}
      />
      <p className="note" data-testid="catch-up-text">
        {line.text}
      </p>
    </div>
  );
}
