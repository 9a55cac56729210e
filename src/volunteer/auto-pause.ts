import { pauseCauses, type ComfortSettings, type PauseCause } from './comfort.ts';

/** One sentence for people. */
export const pauseReasons: Readonly<Record<PauseCause, string>> = {
  'data-cap': 'Paused: the daily data limit is used up.',
  metered: 'Paused: this connection is metered.',
  'battery-low': 'Paused: the battery is nearly empty.',
  unplugged: 'Paused: on battery.',
  heat: 'Paused to cool down: the GPU became much slower, so it may be hot. That is a guess.',
  hidden: 'Paused: this tab is in the background.',
};

/** Causes for which following the run would be as wrong as training: whoever pauses for them leaves the network meanwhile. */
export const savesData = (cause: PauseCause | undefined): boolean =>
  cause === 'data-cap' || cause === 'metered';

/** What a tab knows of its surroundings at a moment; undefined: it is not told. */
export interface Reading {
  readonly battery: { readonly charging: boolean; readonly level: number } | undefined;
  readonly metered: boolean | undefined;
  /** Sent and received today. */
  readonly dayBytes: number;
  /** How many times as long a step takes now as it took at its best. */
  readonly drift: number | undefined;
  readonly hidden: boolean;
}

interface Condition {
  /** Whether it holds, as far as it is believed. */
  readonly holds: boolean;
  /** Since when readings say otherwise. */
  readonly doubtedMs: number | undefined;
  /** Its person said to run anyway; until it no longer holds. */
  readonly overridden: boolean;
}

/** What was decided, and what the next decision needs. */
export interface AutoPause {
  readonly settings: ComfortSettings;
  readonly conditions: Readonly<Record<PauseCause, Condition>>;
  /** Conditions that are to be believed at the next reading: what they depend on was just chosen. */
  readonly fresh: ReadonlySet<PauseCause>;
  readonly pausedBy: PauseCause | undefined;
  /** When it was last paused or let go on. */
  readonly changedMs: number;
  /** When heat began to hold and ceased to, and how long it is to cool. */
  readonly heat: { readonly beganMs: number; readonly endedMs: number; readonly coolMs: number };
}

/** Between two changes; only a person, or coming back to the tab, may be quicker. */
const shortestMs = 60_000;
/** How long readings must go on saying so before a condition is believed to begin, or to be over. */
const patienceMs: Readonly<Record<PauseCause, readonly [begin: number, end: number]>> = {
  'data-cap': [0, 0],
  metered: [5_000, 10_000],
  'battery-low': [5_000, 10_000],
  unplugged: [5_000, 10_000],
  heat: [60_000, 0],
  hidden: [15_000, 0],
};
/** Begin and end of a condition are this far apart, so that a level that wavers between them changes nothing. */
const emptyBattery = [0.8, 0.75] as const;
const hotDrift = [1.6, 1.25] as const;
const fullCap = [1, 0.95] as const;
/** While it is paused no step tells how hot it is: then it is tried again. */
const coolingMs = { first: 180_000, most: 1_440_000 } as const;
/** Hot again within this time after cooling: it takes longer. */
const soonMs = 600_000;

const calm: Condition = { holds: false, doubtedMs: undefined, overridden: false };

/** Not paused, and nothing known yet: the first reading counts at once. */
export function autoPause(settings: ComfortSettings): AutoPause {
  return {
    settings,
    conditions: Object.fromEntries(pauseCauses.map((cause) => [cause, calm])) as AutoPause['conditions'],
    fresh: new Set(pauseCauses),
    pausedBy: undefined,
    changedMs: -Infinity,
    heat: { beganMs: -Infinity, endedMs: -Infinity, coolMs: coolingMs.first },
  };
}

/** With other settings: what they change is decided anew at the next reading, without waiting. */
export function withSettings(state: AutoPause, settings: ComfortSettings): AutoPause {
  const changed = pauseCauses.filter((cause) => setting(cause, state.settings) !== setting(cause, settings));
  return { ...state, settings, fresh: new Set([...state.fresh, ...changed]) };
}

/** Its person wants it to run although `pausedBy` holds, until that is over; another reason may pause it still. */
export function runAnyway(state: AutoPause, nowMs: number): AutoPause {
  const { pausedBy, conditions } = state;
  if (pausedBy === undefined) return state;
  const overridden = { ...conditions[pausedBy], overridden: conditions[pausedBy].holds };
  const after = { ...conditions, [pausedBy]: overridden };
  return { ...state, conditions: after, pausedBy: reasonIn(after, undefined), changedMs: nowMs };
}

/**
 * Takes a reading and decides whether to pause. Never flaps: conditions begin and end at thresholds that are apart, have to
 * last, and pausing and going on are a minute apart whatever is read. Only coming back to the tab ends its own pause at once.
 */
export function decide(state: AutoPause, reading: Reading, nowMs: number): AutoPause {
  const conditions = { ...state.conditions };
  let { heat } = state;
  for (const cause of pauseCauses) {
    const before = conditions[cause];
    const said = verdict(cause, state, reading, nowMs);
    const after = believe(before, said, nowMs, state.fresh.has(cause) ? undefined : patienceMs[cause]);
    conditions[cause] = after;
    if (cause === 'heat' && after.holds !== before.holds) heat = heatAfter(heat, after.holds, nowMs);
  }
  const settled = { ...state, conditions, heat, fresh: new Set<PauseCause>() };
  const wanted = reasonIn(conditions, state.pausedBy);
  const changes = (wanted === undefined) !== (state.pausedBy === undefined);
  if (!changes) return { ...settled, pausedBy: wanted };
  const isPrompt = state.fresh.size > 0 || (wanted === undefined && state.pausedBy === 'hidden');
  if (!isPrompt && nowMs - state.changedMs < shortestMs) return settled;
  return { ...settled, pausedBy: wanted, changedMs: nowMs };
}

/** Whether what paused it is over, and only the shortest time between two changes keeps it. */
export const isClearing = ({ pausedBy, conditions }: AutoPause): boolean =>
  pausedBy !== undefined && !conditions[pausedBy].holds;

/** What would pause it, had its person not said to run anyway. */
export const overriddenCauses = ({ conditions }: AutoPause): readonly PauseCause[] =>
  pauseCauses.filter((cause) => conditions[cause].overridden);

/** The reason given before for as long as it holds, else the first that does. */
function reasonIn(
  conditions: AutoPause['conditions'],
  before: PauseCause | undefined,
): PauseCause | undefined {
  const counts = (cause: PauseCause): boolean => conditions[cause].holds && !conditions[cause].overridden;
  return before !== undefined && counts(before) ? before : pauseCauses.find(counts);
}

/** Without patience the reading is believed as it is, and what is in between is not so. */
function believe(
  before: Condition,
  said: boolean | undefined,
  nowMs: number,
  patience: readonly [begin: number, end: number] | undefined,
): Condition {
  if (patience === undefined) {
    const holds = said ?? false;
    return { holds, doubtedMs: undefined, overridden: holds && before.overridden };
  }
  if (said === undefined || said === before.holds) return { ...before, doubtedMs: undefined };
  const doubtedMs = before.doubtedMs ?? nowMs;
  if (nowMs - doubtedMs < patience[before.holds ? 1 : 0]) return { ...before, doubtedMs };
  return { ...calm, holds: said };
}

/** Whether a condition holds by this reading; undefined: it says nothing against what is believed. */
function verdict(
  cause: PauseCause,
  { settings, conditions, heat }: AutoPause,
  { battery, metered, dayBytes, drift, hidden }: Reading,
  nowMs: number,
): boolean | undefined {
  switch (cause) {
    case 'data-cap':
      return settings.dataCapBytes !== undefined && above(dayBytes / settings.dataCapBytes, fullCap);
    case 'metered':
      return settings.metered && metered === true;
    case 'battery-low': {
      if (settings.battery === 'ignore' || battery === undefined || battery.charging) return false;
      return above(1 - battery.level, emptyBattery);
    }
    case 'unplugged':
      return settings.battery === 'unplugged' && battery?.charging === false;
    case 'heat': {
      if (!settings.heat) return false;
      if (conditions.heat.holds && !conditions.heat.overridden && nowMs - heat.beganMs >= heat.coolMs)
        return false;
      return drift === undefined ? undefined : above(drift, hotDrift);
    }
    case 'hidden':
      return settings.background === 'pause' && hidden;
  }
}

/** From `begin` on; no longer below `end`; in between as it was. */
const above = (value: number, [begin, end]: readonly [number, number]): boolean | undefined =>
  value >= begin ? true : value < end ? false : undefined;

function heatAfter(heat: AutoPause['heat'], holds: boolean, nowMs: number): AutoPause['heat'] {
  if (!holds) return { ...heat, endedMs: nowMs };
  const again = nowMs - heat.endedMs < soonMs;
  const coolMs = again ? Math.min(coolingMs.most, 2 * heat.coolMs) : coolingMs.first;
  return { ...heat, beganMs: nowMs, coolMs };
}

/** What of the settings a cause depends on. */
function setting(cause: PauseCause, settings: ComfortSettings): unknown {
  switch (cause) {
    case 'data-cap':
      return settings.dataCapBytes;
    case 'battery-low':
    case 'unplugged':
      return settings.battery;
    case 'hidden':
      return settings.background;
    case 'metered':
    case 'heat':
      return settings[cause];
  }
}
