import { useId } from 'react';
import { sharePresets, type SharePreset } from '../../volunteer/comfort.ts';
import { formatPercent } from '../format.ts';
import { text } from '../text.ts';
import { useWish } from '../use-wish.ts';

const presets = Object.keys(sharePresets) as SharePreset[];

/** How much of its time the GPU may be busy: three presets, and a slider for all between. */
export function ShareSlider(props: { readonly share: number; readonly setShare: (share: number) => void }) {
  const [share, wish] = useWish(props.share, props.setShare);
  const group = useId();
  return (
    <div className="share">
      <fieldset className="segments">
        <legend className="visually-hidden">{text.share.presetsName}</legend>
        {presets.map((preset) => (
          <label key={preset}>
            <input
              type="radio"
              name={group}
              checked={share === sharePresets[preset]}
              data-testid={`share-${preset}`}
              onChange={() => {
                wish(sharePresets[preset]);
              }}
            />
            <span>
              {text.share.presets[preset]}{' '}
              <span className="segment-share">{formatPercent(sharePresets[preset])}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <input
        type="range"
        min={5}
        max={100}
        step={5}
        value={Math.round(100 * share)}
        aria-label={text.share.name}
        aria-valuetext={text.share.value(formatPercent(share))}
        data-testid="share-slider"
        onChange={({ target }) => {
          wish(Number(target.value) / 100);
        }}
      />
    </div>
  );
}
