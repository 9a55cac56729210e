import type { CatchUp } from '../../volunteer/status.ts';
import type { Stepper as Way } from '../stepper.ts';
import { text } from '../text.ts';
import { CatchUpProgress } from './CatchUpProgress.tsx';

const marks = { done: '✓', present: '●', failed: '✕', ahead: '' } as const;

/** The way into the run: all steps, and how far the present one is. */
export function Stepper(props: {
  readonly way: Way;
  readonly catchUp: CatchUp | undefined;
  /** The element that says what is done now. */
  readonly titleId: string;
}) {
  const { way, catchUp, titleId } = props;
  const at = way.steps.findIndex(({ name }) => name === way.present);
  return (
    <div className="stepper" data-testid="stepper" data-step={way.present}>
      <ol className="stepper-steps" aria-label={text.stepper.title}>
        {way.steps.map(({ name, standing }) => (
          <li
            key={name}
            className={`is-${standing}`}
            aria-current={standing === 'present' || standing === 'failed' ? 'step' : undefined}
          >
            <span className="stepper-mark" aria-hidden="true">
              {marks[standing]}
            </span>
            <span className="stepper-name">{text.stepper.names[name]}</span>
            {standing === 'done' && <span className="visually-hidden">{text.stepper.done}</span>}
            {standing === 'failed' && <span className="visually-hidden">{text.stepper.failed}</span>}
          </li>
        ))}
      </ol>
      <p className="stepper-place note" aria-hidden="true">
        {text.stepper.place(at + 1, way.steps.length)}: {text.stepper.names[way.present]}
      </p>
      {catchUp !== undefined && way.present === 'catching-up' ? (
        <CatchUpProgress catchUp={catchUp} />
      ) : (
        <div className="stepper-now">
          {way.share !== undefined && (
            <progress aria-labelledby={titleId} aria-valuetext={way.detail} max={1} value={way.share} />
          )}
          <p className="note stepper-detail">{way.detail}</p>
        </div>
      )}
    </div>
  );
}
