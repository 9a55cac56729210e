import {
  backgroundPolicies,
  batteryPolicies,
  type ComfortSettings as Settings,
  type ComfortView,
} from '../../volunteer/comfort.ts';
import { formatBytes, formatPercent, formatSpeed } from '../format.ts';
import { text } from '../text.ts';
import { Choice, DataLimit, Toggle } from './ComfortControls.tsx';

const words = text.comfort;

/** What the volunteer in this tab keeps to: data, screen, hidden tabs, battery, connection and heat. */
export function ComfortSettings(props: {
  readonly id: string;
  readonly comfort: ComfortView;
  readonly set: (change: Partial<Settings>) => void;
}) {
  const { id, comfort, set } = props;
  const { settings, battery, metered, speed } = comfort;
  const level = battery === undefined ? '' : formatPercent(battery.level);
  return (
    <div className="comfort" id={id} role="region" aria-label={words.name} data-testid="comfort">
      {comfort.overridden.length > 0 && (
        <p className="callout comfort-wide" data-testid="overridden">
          {comfort.overridden.map((cause) => words.overridden[cause]).join(' ')}
        </p>
      )}
      <fieldset>
        <legend>{words.data}</legend>
        <p data-testid="data-today">{words.dataToday(formatBytes(comfort.dayBytes))}</p>
        <DataLimit
          bytes={settings.dataCapBytes}
          set={(dataCapBytes) => {
            set({ dataCapBytes });
          }}
        />
        <p className="note">
          {words.limitNote} {words.dataNote}
        </p>
      </fieldset>
      <Choice
        legend={words.background}
        values={backgroundPolicies}
        names={words.policies}
        chosen={settings.background}
        choose={(background) => {
          set({ background });
        }}
        note={words.speeds(formatSpeed(speed.front), formatSpeed(speed.hidden))}
      />
      <Choice
        legend={words.battery}
        values={batteryPolicies}
        names={words.batteryPolicies}
        chosen={settings.battery}
        choose={(chosen) => {
          set({ battery: chosen });
        }}
        note={
          battery === undefined
            ? words.noBattery
            : battery.charging
              ? words.charging(level)
              : words.discharging(level)
        }
      />
      <fieldset>
        <legend>{words.other}</legend>
        <Toggle
          name={words.metered}
          on={settings.metered}
          note={metered === undefined ? words.meteredUnknown : metered ? words.meteredIs : words.meteredIsNot}
          turn={(on) => {
            set({ metered: on });
          }}
        />
        <Toggle
          name={words.heat}
          on={settings.heat}
          note={words.heatNote}
          turn={(on) => {
            set({ heat: on });
          }}
        />
      </fieldset>
      <fieldset>
        <legend>{words.screen}</legend>
        <Toggle
          name={words.keepAwake}
          on={settings.keepAwake}
          disabled={comfort.awake === 'unsupported'}
          note={words.awake[comfort.awake]}
          turn={(on) => {
            set({ keepAwake: on });
          }}
        />
      </fieldset>
    </div>
  );
}
