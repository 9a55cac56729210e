import { isShare } from './duty-cycle.ts';

/** Shares of the GPU that have a name. */
export const sharePresets = { quiet: 0.25, balanced: 0.6, full: 1 } as const;
export type SharePreset = keyof typeof sharePresets;

/** What training does while nobody looks at its tab. */
export const backgroundPolicies = ['go-on', 'slow', 'pause'] as const;
export type BackgroundPolicy = (typeof backgroundPolicies)[number];

/** `unplugged`: pause as soon as the machine runs on its battery; `low`: only when that is nearly empty. */
export const batteryPolicies = ['unplugged', 'low', 'ignore'] as const;
export type BatteryPolicy = (typeof batteryPolicies)[number];

/** Why a volunteer pauses by itself; where several hold, the first is named. */
export const pauseCauses = ['data-cap', 'metered', 'battery-low', 'unplugged', 'heat', 'hidden'] as const;
export type PauseCause = (typeof pauseCauses)[number];

/** What a person asks of the volunteer in this tab; kept across visits. */
export interface ComfortSettings {
  /** The most of its time that the GPU may be busy, in [0.01, 1]. */
  readonly share: number;
  /** Keep the screen on while training. */
  readonly keepAwake: boolean;
  readonly background: BackgroundPolicy;
  readonly battery: BatteryPolicy;
  /** Pause on a connection that is paid by the byte. */
  readonly metered: boolean;
  /** Pause where the GPU seems to be hot. */
  readonly heat: boolean;
  /** Bytes a local day, sent and received together; undefined: as many as it takes. */
  readonly dataCapBytes: number | undefined;
}

export const usualComfort: ComfortSettings = {
  // Not all of it: whoever only pressed Join goes on using the same GPU.
  share: sharePresets.balanced,
  keepAwake: false,
  background: 'go-on',
  battery: 'unplugged',
  metered: true,
  heat: true,
  dataCapBytes: undefined,
};

/** While nobody looks, `slow` leaves the GPU this much at most. */
export const slowShare = sharePresets.quiet;

/** What the tab makes of the settings and of its surroundings: everything a page shows of it. */
export interface ComfortView {
  readonly settings: ComfortSettings;
  /** Why training is paused without anybody having asked; undefined: it is not. */
  readonly pausedBy: PauseCause | undefined;
  /** What paused it is over, and it goes on within a minute. */
  readonly isClearing: boolean;
  /** What would pause it, had its person not said to run anyway. */
  readonly overridden: readonly PauseCause[];
  /** Sent and received today, local time, by all tabs of this browser. */
  readonly dayBytes: number;
  /** Tokens a second, rests included; undefined until measured. */
  readonly speed: { readonly front: number | undefined; readonly hidden: number | undefined };
  /** Undefined where the browser does not tell. */
  readonly battery: { readonly charging: boolean; readonly level: number } | undefined;
  readonly metered: boolean | undefined;
  /** `unsupported`: this browser cannot; `off`: not wished, or there is nothing to stay awake for. */
  readonly awake: 'on' | 'off' | 'refused' | 'unsupported';
}

/** Settings from anything that was kept; what makes no sense takes its default. */
export function readComfort(kept: unknown): ComfortSettings {
  const of = (typeof kept === 'object' && kept !== null ? kept : {}) as Record<string, unknown>;
  const flag = (name: 'keepAwake' | 'metered' | 'heat'): boolean =>
    typeof of[name] === 'boolean' ? of[name] : usualComfort[name];
  const cap = of['dataCapBytes'];
  return {
    share: isShare(of['share']) ? of['share'] : usualComfort.share,
    keepAwake: flag('keepAwake'),
    background: backgroundPolicies.find((one) => one === of['background']) ?? usualComfort.background,
    battery: batteryPolicies.find((one) => one === of['battery']) ?? usualComfort.battery,
    metered: flag('metered'),
    heat: flag('heat'),
    dataCapBytes: typeof cap === 'number' && cap > 0 && cap < Infinity ? cap : undefined,
  };
}
