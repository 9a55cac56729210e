import { useId, useState } from 'react';
import { usualComfort } from '../../volunteer/comfort.ts';
import { presentVolunteer } from '../derive.ts';
import type { PageSnapshot } from '../host.ts';
import type { PageState } from '../store.ts';
import { dataSentence, shareSentence, stripOf, type StripState } from '../strip.ts';
import { text } from '../text.ts';
import { ComfortSettings } from './ComfortSettings.tsx';
import { ShareSlider } from './ShareSlider.tsx';

/**
 * Always in sight for who can train: what this tab does and why, the way out of it, its share of the GPU and its data.
 * `offersJoin`: the large button is out of sight.
 */
export function Strip(props: {
  readonly page: PageState;
  readonly snapshot: PageSnapshot;
  readonly offersJoin: boolean;
}) {
  const { page, snapshot, offersJoin } = props;
  const [isOpen, setOpen] = useState(false);
  const panel = useId();
  const strip = stripOf(snapshot);
  if (strip === undefined) return null;
  const { comfort } = snapshot;
  const volunteer = presentVolunteer(snapshot);
  const asked = comfort?.settings.share ?? volunteer?.gpuShare ?? usualComfort.share;
  return (
    <section className="strip" aria-label={text.strip.name} data-testid="strip">
      <div className="strip-bar">
        <div className="strip-state">
          <p className="strip-title" data-focus-home>
            <span className={`state-mark state-${snapshot.volunteer?.state ?? 'guest'}`} aria-hidden="true" />
            {strip.title}
          </p>
          <p className="note strip-reason" data-testid="strip-reason">
            {strip.reason}
          </p>
        </div>
        <div className="strip-machine">
          <ShareSlider share={asked} setShare={page.setGpuShare} />
          <p className="note strip-measures">
            <span data-testid="gpu-share">{shareSentence(volunteer, asked)}</span>
            {comfort !== undefined && <span data-testid="data-meter">{dataSentence(comfort)}</span>}
          </p>
        </div>
        <div className="strip-actions">
          {strip.wayOut !== undefined && (
            <button type="button" className="primary" data-testid="run-anyway" onClick={page.runAnyway}>
              {strip.wayOut === 'go-on' ? text.strip.goOnNow : text.strip.runAnyway}
            </button>
          )}
          <Actions strip={strip} page={page} offersJoin={offersJoin} />
          {comfort !== undefined && (
            <button
              type="button"
              aria-expanded={isOpen}
              aria-controls={panel}
              data-testid="more"
              onClick={() => {
                setOpen(!isOpen);
              }}
            >
              {text.strip.more}
            </button>
          )}
        </div>
      </div>
      {comfort !== undefined && isOpen && (
        <ComfortSettings id={panel} comfort={comfort} set={page.setComfort} />
      )}
    </section>
  );
}

interface MainButton {
  readonly name: string;
  readonly testId: 'join' | 'pause' | 'resume';
  readonly press: () => void;
  readonly isPrimary: boolean;
  readonly isBusy?: boolean;
}

function mainButtonOf(main: StripState['main'], page: PageState): MainButton | undefined {
  const words = text.strip;
  switch (main) {
    case 'join':
    case 'join-again': {
      const isBusy = page.pending === 'join';
      const name = isBusy ? words.joining : main === 'join' ? words.join : words.joinAgain;
      return { name, testId: 'join', press: () => void page.join(), isPrimary: true, isBusy };
    }
    case 'resume':
      return { name: words.resume, testId: 'resume', press: page.resume, isPrimary: true };
    case 'pause':
    case 'stay-paused':
      return {
        name: main === 'pause' ? words.pause : words.stayPaused,
        testId: 'pause',
        press: page.pause,
        isPrimary: false,
      };
    case undefined:
      return undefined;
  }
}

function Actions(props: {
  readonly strip: StripState;
  readonly page: PageState;
  readonly offersJoin: boolean;
}) {
  const { strip, page, offersJoin } = props;
  const isLeaving = page.pending === 'leave';
  const isOffered = strip.main !== 'join' || (offersJoin && !page.isChoosing);
  const main = isOffered ? mainButtonOf(strip.main, page) : undefined;
  return (
    <>
      {main !== undefined && (
        // One button, whatever it does next: so it keeps the focus when it is pressed.
        <button
          type="button"
          className={main.isPrimary ? 'primary' : undefined}
          data-testid={main.testId}
          aria-disabled={main.isBusy}
          onClick={main.press}
        >
          {main.name}
        </button>
      )}
      {strip.mayLeave && (
        <button type="button" data-testid="leave" aria-disabled={isLeaving} onClick={() => void page.leave()}>
          {isLeaving
            ? text.strip.leaving
            : strip.main === 'join-again'
              ? text.strip.onlyWatch
              : text.strip.leave}
        </button>
      )}
    </>
  );
}
