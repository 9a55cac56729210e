import { presetChoices } from '../../volunteer/run-view.ts';
import { formatCount } from '../format.ts';
import type { Environment } from '../host.ts';
import type { PageState } from '../store.ts';

/** What the starter of a run may choose. Whoever joins later trains what the run is. */
export function StarterOptions(props: { readonly page: PageState; readonly environment: Environment }) {
  const { page, environment } = props;
  const suggested = environment.suggestedPreset;
  return (
    <details className="starter">
      <summary>Options for the run you start</summary>
      <fieldset>
        <legend>Model size</legend>
        <label>
          <input
            type="radio"
            name="preset"
            checked={page.preset === 'auto'}
            onChange={() => {
              page.choosePreset('auto');
            }}
          />
          <span>
            <strong>Fitting this GPU{suggested === undefined ? '' : `: ${suggested.preset}`}</strong>
            <span className="note">{suggested?.reason ?? 'Chosen by measured speed when you join.'}</span>
          </span>
        </label>
        {presetChoices.map(({ name, parameters, context }) => (
          <label key={name}>
            <input
              type="radio"
              name="preset"
              value={name}
              checked={page.preset === name}
              onChange={() => {
                page.choosePreset(name);
              }}
            />
            <span>
              <strong>{name}</strong>
              <span className="note">
                {formatCount(parameters)} parameters, sees {context} bytes at a time
              </span>
            </span>
          </label>
        ))}
      </fieldset>
    </details>
  );
}
