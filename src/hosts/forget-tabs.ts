import { pause, type Clock } from '../base/clock.ts';

/** How long other tabs have to say goodbye to their runs before what they use is deleted. */
const leaveMs = 1_500;
/** A tab that was asked to leave, and hears no more, loads anew after this long. */
const patienceMs = 15_000;

/** What tabs of one browser hear each other by: a BroadcastChannel. */
export type TabsChannel = Pick<BroadcastChannel, 'postMessage' | 'onmessage'>;

export interface ForgetTabsOptions {
  /** Undefined: this browser has none, and other tabs are told nothing. */
  readonly channel: TabsChannel | undefined;
  readonly clock: Clock;
  /** Ends all of this tab that keeps something. */
  readonly end: () => Promise<void>;
  /** Loads this tab anew. */
  readonly anew: () => void;
}

/**
 * Takes the other tabs of this browser along where all that it keeps is deleted: a tab that went on would lose the log of what
 * it signs in the middle of a round, and keep again what is to be forgotten.
 */
export class ForgetTabs {
  readonly #options: ForgetTabsOptions;
  #cancel: (() => void) | undefined;

  constructor(options: ForgetTabsOptions) {
    this.#options = options;
    const { channel, clock, end, anew } = options;
    if (channel === undefined) return;
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data !== 'forget' && data !== 'forgotten') return;
      this.#cancel?.();
      this.#cancel = undefined;
      if (data === 'forgotten') {
        anew();
        return;
      }
      this.#cancel = clock.after(patienceMs, anew);
      end().catch(() => undefined); // it is loaded anew in any case
    };
  }

  /** Asks the other tabs to leave; resolves when they have had the time to. */
  ask(): Promise<void> {
    const { channel, clock } = this.#options;
    if (channel === undefined) return Promise.resolve();
    channel.postMessage('forget');
    return pause(clock, leaveMs);
  }

  /** Nothing is deleted any more. */
  over(): void {
    this.#options.channel?.postMessage('forgotten');
  }
}

/** Undefined where this browser has none. */
export const tabsChannel = (): TabsChannel | undefined =>
  typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('starling/forget');
