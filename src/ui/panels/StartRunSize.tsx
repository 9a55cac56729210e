import { useId } from 'react';
import { presetChoices } from '../../volunteer/run-view.ts';
import { formatCount } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import type { StartForm } from '../start-run.ts';
import { text } from '../text.ts';
import { Tag } from './Panel.tsx';

const words = text.start;

/** How large the model is to be, with what fits this GPU marked. */
export function StartRunSize(props: {
  readonly form: StartForm;
  readonly snapshot: PageSnapshot;
  readonly isMeasuring: boolean;
  /** By the model that the run starts from. */
  readonly isGiven: boolean;
  readonly set: (change: Partial<StartForm>) => void;
}) {
  const { form, snapshot, isMeasuring, isGiven, set } = props;
  const name = useId();
  const suggested = snapshot.environment.suggestedPreset?.preset;
  return (
    <fieldset disabled={isGiven}>
      <legend>{words.size}</legend>
      {isGiven && <p className="note">{words.sizeGiven}</p>}
      <div className="start-choices">
        {presetChoices.map(({ name: preset, parameters, context }) => (
          <label key={preset} className="start-choice">
            <input
              type="radio"
              name={name}
              value={preset}
              checked={form.preset === preset}
              data-testid={`start-${preset}`}
              onChange={() => {
                set({ preset });
              }}
            />
            <span>
              <strong>{preset}</strong> {suggested === preset && <Tag kind="good">{words.fits}</Tag>}
              <span className="note">{words.sizes[preset]}</span>
              <span className="note">{words.sizeFacts(formatCount(parameters), context)}</span>
            </span>
          </label>
        ))}
      </div>
      <p className="visually-hidden" role="status">
        {isMeasuring ? words.measuring : ''}
      </p>
    </fieldset>
  );
}
