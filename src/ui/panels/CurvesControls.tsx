import { useId } from 'react';
import { charts, type CurveChart } from '../curves/catalogue.ts';
import { smoothingWindows } from '../curves/smooth.ts';
import { grouped } from '../format.ts';
import { text } from '../text.ts';
import type { FullScreen } from '../charts/use-full-screen.ts';

const words = text.curves;

/** Which chart to look at. */
export function CurvesPicker(props: {
  readonly chosen: CurveChart['id'];
  readonly choose: (id: CurveChart['id']) => void;
}) {
  const name = useId();
  return (
    <fieldset className="curve-picker">
      <legend className="visually-hidden">{words.pick}</legend>
      {charts.map(({ id, name: label }) => (
        <label key={id}>
          <input
            type="radio"
            name={name}
            value={id}
            checked={id === props.chosen}
            onChange={() => {
              props.choose(id);
            }}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** How the chart is looked at, and what can be taken away of it. */
export function CurvesControls(props: {
  readonly zoom: (factor: number) => void;
  readonly move: (share: number) => void;
  readonly reset: () => void;
  readonly isZoomed: boolean;
  readonly window: number;
  readonly setWindow: (rounds: number) => void;
  readonly logX: boolean;
  readonly setLogX: (on: boolean) => void;
  readonly logY: boolean;
  readonly setLogY: (on: boolean) => void;
  readonly fullScreen: FullScreen;
  readonly saveCsv: () => void;
  readonly savePng: () => void;
}) {
  const { isZoomed, fullScreen } = props;
  return (
    <div className="curve-controls">
      <div className="curve-buttons" role="group" aria-label={words.zoom} title={words.dragHint}>
        <Small
          label={words.earlier}
          sign="←"
          off={!isZoomed}
          press={() => {
            props.move(-0.5);
          }}
        />
        <Small
          label={words.later}
          sign="→"
          off={!isZoomed}
          press={() => {
            props.move(0.5);
          }}
        />
        <Small
          label={words.zoomOut}
          sign="−"
          off={!isZoomed}
          press={() => {
            props.zoom(2);
          }}
        />
        <Small
          label={words.zoomIn}
          sign="+"
          press={() => {
            props.zoom(0.5);
          }}
        />
        <button type="button" className="quiet" aria-disabled={!isZoomed} onClick={props.reset}>
          {words.all}
        </button>
      </div>
      <Smoothing window={props.window} set={props.setWindow} />
      <div className="curve-checks">
        <Check label={words.logY} on={props.logY} set={props.setLogY} />
        <Check label={words.logX} on={props.logX} set={props.setLogX} />
      </div>
      <div className="curve-buttons" role="group" aria-label={words.save}>
        <button type="button" className="quiet" aria-label={words.csvLabel} onClick={props.saveCsv}>
          {words.csv}
        </button>
        <button type="button" className="quiet" aria-label={words.pngLabel} onClick={props.savePng}>
          {words.png}
        </button>
        <button type="button" className="quiet" onClick={fullScreen.toggle}>
          {fullScreen.isOn ? words.leaveFull : words.full}
        </button>
      </div>
    </div>
  );
}

const Small = (props: {
  readonly label: string;
  readonly sign: string;
  readonly off?: boolean;
  readonly press: () => void;
}) => (
  <button
    type="button"
    className="quiet square"
    aria-label={props.label}
    aria-disabled={props.off === true}
    onClick={props.off === true ? undefined : props.press}
  >
    {props.sign}
  </button>
);

function Smoothing({ window, set }: { readonly window: number; readonly set: (rounds: number) => void }) {
  const step = smoothingWindows.findIndex((rounds) => rounds >= window);
  const said = window <= 1 ? words.smoothingOff : words.smoothingOver(grouped(window));
  return (
    <label className="curve-smoothing">
      <span>{words.smoothing}</span>
      <input
        type="range"
        min={0}
        max={smoothingWindows.length - 1}
        step={1}
        value={step}
        aria-valuetext={said}
        onChange={({ target }) => {
          set(smoothingWindows[Number(target.value)] ?? 1);
        }}
      />
      <span className="note">{said}</span>
    </label>
  );
}

const Check = (props: {
  readonly label: string;
  readonly on: boolean;
  readonly set: (on: boolean) => void;
}) => (
  <label>
    <input
      type="checkbox"
      checked={props.on}
      onChange={({ target }) => {
        props.set(target.checked);
      }}
    />
    {props.label}
  </label>
);
