import type { Clock } from '../../base/clock.ts';
import {
  autoPause,
  decide,
  isClearing,
  overriddenCauses,
  runAnyway,
  withSettings,
  type AutoPause,
} from '../../volunteer/auto-pause.ts';
import {
  readComfort,
  slowShare,
  type ComfortSettings,
  type ComfortView,
  type PauseCause,
} from '../../volunteer/comfort.ts';
import type { VolunteerStatus } from '../../volunteer/status.ts';
import { DayMeter, parsed } from './day-meter.ts';
import { HeatGuess } from './heat-guess.ts';
import { KeepAwake } from './keep-awake.ts';
import { Speeds } from './speeds.ts';
import type { Surroundings } from './surroundings.ts';

const key = 'starling-comfort';
/** Conditions have to last: they are looked at this often, changes or none. */
const lookMs = 5_000;
/** What was counted is kept this often at most. */
const keepMs = 10_000;

export interface ComfortOptions {
  readonly surroundings: Surroundings;
  readonly clock: Clock;
  /** What the volunteer is to keep to, where it is another than before: the share of the GPU, and why it is to pause. */
  readonly keepTo: (asked: { readonly share: number; readonly hold: PauseCause | undefined }) => void;
  /** The view may have changed. */
  readonly changed: () => void;
}

type Said = Pick<
  VolunteerStatus,
  | 'state'
  | 'adapter'
  | 'preset'
  | 'precision'
  | 'bytesUp'
  | 'bytesDown'
  | 'textBytes'
  | 'roundsTrained'
  | 'tokensPerSecond'
  | 'gpuMsPerToken'
>;

/** Keeps a tab's volunteer a good guest on its machine: what its person chose, and what the surroundings allow. */
export class Comfort {
  readonly #options: ComfortOptions;
  readonly #meter: DayMeter;
  readonly #heat = new HeatGuess();
  readonly #speeds = new Speeds();
  readonly #awake: KeepAwake;
  readonly #stopListening: () => void;
  #pause: AutoPause;
  #asked: { readonly share: number; readonly hold: PauseCause | undefined };
  /** The rounds that this volunteer had trained when last heard of. */
  #rounds = 0;
  #isAtWork = false;
  #keptMs = -Infinity;
  #cancel = (): void => undefined;

  constructor(options: ComfortOptions) {
    this.#options = options;
    const { surroundings, changed } = options;
    const settings = readComfort(parsed(surroundings.recall(key)));
    this.#pause = autoPause(settings);
    this.#meter = new DayMeter(surroundings);
    this.#awake = new KeepAwake(surroundings.keepAwake, changed);
    this.#asked = { share: settings.share, hold: undefined };
    this.#stopListening = surroundings.onChange(() => {
      this.#look();
      changed();
    });
    this.#lookAgain();
  }

  /** What a volunteer that starts now is to keep to. */
  get asked(): { readonly share: number; readonly hold: PauseCause | undefined } {
    return this.#asked;
  }

  view(): ComfortView {
    const { surroundings } = this.#options;
    const { settings, pausedBy } = this.#pause;
    return {
      settings,
      pausedBy,
      isClearing: isClearing(this.#pause),
      overridden: overriddenCauses(this.#pause),
      dayBytes: this.#meter.bytes,
      speed: this.#speeds.now,
      battery: surroundings.battery,
      metered: surroundings.metered,
      awake: this.#awake.state,
    };
  }

  /** From now on, and at the next visit. */
  set(change: Partial<ComfortSettings>): void {
    // Read as what was kept is: a value out of bounds takes its default.
    const settings = readComfort({ ...this.#pause.settings, ...change });
    this.#options.surroundings.keep(key, JSON.stringify(settings));
    this.#pause = withSettings(this.#pause, settings);
    this.#look();
    this.#options.changed();
  }

  /** Although what paused it holds. */
  runAnyway(): void {
    this.#pause = runAnyway(this.#pause, this.#options.clock.now());
    this.#look();
    this.#options.changed();
  }

  /** The volunteer in this tab said something; undefined: there is none. */
  saw(said: Said | undefined): void {
    this.#isAtWork =
      said !== undefined && ['starting', 'waiting', 'catching-up', 'training'].includes(said.state);
    if (said !== undefined) {
      this.#meter.saw(said.bytesUp + said.bytesDown + said.textBytes);
      if (said.roundsTrained < this.#rounds) this.#heat.anew();
      if (said.roundsTrained > this.#rounds) this.#sawRound(said);
      this.#rounds = said.roundsTrained;
    }
    this.#look();
  }

  /** The tab closes. */
  close(): void {
    this.#cancel();
    this.#stopListening();
    this.#awake.wish(false);
    this.#meter.keep();
  }

  #sawRound({ tokensPerSecond, gpuMsPerToken, adapter, preset, precision }: Said): void {
    const { hidden } = this.#options.surroundings;
    const { share, background } = this.#pause.settings;
    if (tokensPerSecond !== undefined) this.#speeds.saw(tokensPerSecond, hidden, `${share} ${background}`);
    // A CPU that stands in for a GPU is slow whenever anything else runs: that says nothing of heat.
    if (gpuMsPerToken === undefined || adapter?.software !== false) return;
    const work = `${preset} ${precision?.precision ?? ''}`;
    const circumstances = `${this.#asked.share} ${String(hidden)} ${work} ${adapter.name}`;
    this.#heat.saw(gpuMsPerToken, circumstances, this.#options.clock.now());
  }

  #look(): void {
    const { surroundings, clock, keepTo } = this.#options;
    const { battery, metered, hidden } = surroundings;
    const now = clock.now();
    const reading = { battery, metered, hidden, dayBytes: this.#meter.bytes, drift: this.#heat.drift };
    this.#pause = decide(this.#pause, reading, now);
    const { settings, pausedBy: hold } = this.#pause;
    if (hold !== undefined) this.#heat.rested();
    const share =
      hidden && settings.background === 'slow' ? Math.min(slowShare, settings.share) : settings.share;
    if (share !== this.#asked.share || hold !== this.#asked.hold) {
      this.#asked = { share, hold };
      keepTo(this.#asked);
    }
    this.#awake.wish(settings.keepAwake && this.#isAtWork && hold === undefined && !hidden);
    if (now - this.#keptMs >= keepMs) {
      this.#keptMs = now;
      this.#meter.keep();
    }
  }

  #lookAgain(): void {
    this.#cancel = this.#options.clock.after(lookMs, () => {
      const before = this.#pause;
      this.#look();
      const isSame =
        before.pausedBy === this.#pause.pausedBy && isClearing(before) === isClearing(this.#pause);
      if (!isSame) this.#options.changed();
      this.#lookAgain();
    });
  }
}
