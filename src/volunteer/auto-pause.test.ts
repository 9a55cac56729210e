import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import {
  autoPause,
  decide,
  isClearing,
  overriddenCauses,
  pauseReasons,
  runAnyway,
  withSettings,
  type AutoPause,
  type Reading,
} from './auto-pause.ts';
import { pauseCauses, usualComfort, type ComfortSettings } from './comfort.ts';

const easy: Reading = {
  battery: { charging: true, level: 0.9 },
  metered: false,
  dayBytes: 0,
  drift: 1,
  hidden: false,
};
const onBattery: Reading = { ...easy, battery: { charging: false, level: 0.9 } };

/** A volunteer whose surroundings stay as they are for a while, read every second. */
class Tab {
  state: AutoPause;
  nowMs = 0;

  constructor(settings: Partial<ComfortSettings> = {}) {
    this.state = autoPause({ ...usualComfort, ...settings });
    this.reads(easy, 0);
  }

  reads(reading: Partial<Reading>, seconds: number) {
    for (let second = 0; second < Math.max(1, seconds); second++) {
      if (seconds > 0) this.nowMs += 1_000;
      this.state = decide(this.state, { ...easy, ...reading }, this.nowMs);
    }
    return this.state.pausedBy;
  }

  runAnyway() {
    this.state = runAnyway(this.state, this.nowMs);
    return this.state.pausedBy;
  }

  set(settings: Partial<ComfortSettings>) {
    this.state = withSettings(this.state, { ...this.state.settings, ...settings });
  }
}

describe('a volunteer that pauses by itself', () => {
  it('pauses on battery after a few seconds, and goes on when it has been plugged in for a while', () => {
    const tab = new Tab();
    expect(tab.reads(onBattery, 4)).toBeUndefined();
    expect(tab.reads(onBattery, 3)).toBe('unplugged');
    tab.reads(onBattery, 100);
    expect(tab.reads({}, 9)).toBe('unplugged');
    expect(tab.reads({}, 3)).toBeUndefined();
  });

  it('is a minute between two changes, and says that what paused it is over', () => {
    const tab = new Tab();
    tab.reads(onBattery, 7);
    expect(tab.reads({}, 30)).toBe('unplugged');
    expect(isClearing(tab.state)).toBe(true);
    expect(tab.reads({}, 35)).toBeUndefined();
    expect(isClearing(tab.state)).toBe(false);
  });

  it('believes the first reading at once, and what was just chosen', () => {
    const fresh = decide(autoPause(usualComfort), onBattery, 0);
    expect(fresh.pausedBy).toBe('unplugged');
    const tab = new Tab({ battery: 'ignore' });
    expect(tab.reads(onBattery, 60)).toBeUndefined();
    tab.set({ battery: 'unplugged' });
    expect(tab.reads(onBattery, 1)).toBe('unplugged');
    tab.set({ battery: 'low' });
    expect(tab.reads(onBattery, 1)).toBeUndefined();
  });

  it('does not take another choice for a reason to look anew at the battery', () => {
    const tab = new Tab({ battery: 'low' });
    tab.reads({ battery: { charging: false, level: 0.19 } }, 70);
    tab.set({ share: 0.25 });
    expect(tab.reads({ battery: { charging: false, level: 0.22 } }, 70)).toBe('battery-low');
  });

  it('keeps to two levels of the battery, so that wavering between them changes nothing', () => {
    const tab = new Tab({ battery: 'low' });
    const level = (value: number): Partial<Reading> => ({ battery: { charging: false, level: value } });
    expect(tab.reads(level(0.22), 100)).toBeUndefined();
    expect(tab.reads(level(0.2), 10)).toBe('battery-low');
    expect(tab.reads(level(0.24), 1_000)).toBe('battery-low');
    expect(tab.reads(level(0.26), 30)).toBeUndefined();
  });

  it('runs anyway until the battery is done with, and pauses again the next time', () => {
    const tab = new Tab();
    tab.reads(onBattery, 10);
    expect(tab.runAnyway()).toBeUndefined();
    expect(tab.reads(onBattery, 3_600)).toBeUndefined();
    expect(overriddenCauses(tab.state)).toEqual(['unplugged']);
    expect(tab.reads({}, 20)).toBeUndefined();
    expect(overriddenCauses(tab.state)).toEqual([]);
    expect(tab.reads(onBattery, 10)).toBe('unplugged');
  });

  it('pauses for another reason although one was overridden, and names one reason for as long as it holds', () => {
    const tab = new Tab({ dataCapBytes: 1_000 });
    tab.reads(onBattery, 10);
    expect(tab.reads({ ...onBattery, dayBytes: 1_000 }, 10)).toBe('unplugged');
    expect(tab.runAnyway()).toBe('data-cap');
    expect(tab.runAnyway()).toBeUndefined();
    expect(tab.reads({ ...onBattery, dayBytes: 1_500 }, 100)).toBeUndefined();
    expect(overriddenCauses(tab.state)).toEqual(['data-cap', 'unplugged']);
  });

  it('stops at the daily limit until a new day or a higher limit', () => {
    const tab = new Tab({ dataCapBytes: 1_000 });
    expect(tab.reads({ dayBytes: 999 }, 60)).toBeUndefined();
    expect(tab.reads({ dayBytes: 1_000 }, 1)).toBe('data-cap');
    tab.set({ dataCapBytes: 1_010 });
    expect(tab.reads({ dayBytes: 1_000 }, 1)).toBeUndefined();
    tab.reads({ dayBytes: 1_020 }, 70);
    expect(tab.reads({ dayBytes: 0 }, 70)).toBeUndefined();
  });

  it('pauses on a metered connection unless told not to mind', () => {
    expect(new Tab().reads({ metered: true }, 10)).toBe('metered');
    expect(new Tab({ metered: false }).reads({ metered: true }, 10)).toBeUndefined();
    expect(new Tab().reads({ metered: undefined, battery: undefined }, 10)).toBeUndefined();
  });

  it('takes lasting drift of the step time for heat, cools, tries again, and cools longer the next time', () => {
    const tab = new Tab();
    expect(tab.reads({ drift: 1.5 }, 600)).toBeUndefined();
    expect(tab.reads({ drift: 1.7 }, 59)).toBeUndefined();
    tab.reads({ drift: 1.4 }, 1);
    expect(tab.reads({ drift: 1.7 }, 59)).toBeUndefined();
    expect(tab.reads({ drift: 1.7 }, 5)).toBe('heat');
    expect(tab.reads({ drift: undefined }, 170)).toBe('heat');
    expect(tab.reads({ drift: undefined }, 12)).toBeUndefined();
    expect(tab.reads({ drift: 1.7 }, 65)).toBe('heat');
    expect(tab.reads({ drift: undefined }, 350)).toBe('heat');
    expect(tab.reads({ drift: undefined }, 12)).toBeUndefined();
  });

  it('goes on although it may be hot if told to, until it has cooled', () => {
    const tab = new Tab();
    tab.reads({ drift: 2 }, 65);
    tab.runAnyway();
    expect(tab.reads({ drift: 2 }, 3_600)).toBeUndefined();
    tab.reads({ drift: 1 }, 5);
    expect(tab.reads({ drift: 2 }, 65)).toBe('heat');
  });

  it('pauses in the background after a while, and goes on as soon as one looks', () => {
    const tab = new Tab({ background: 'pause' });
    tab.reads({}, 100);
    expect(tab.reads({ hidden: true }, 14)).toBeUndefined();
    expect(tab.reads({ hidden: true }, 3)).toBe('hidden');
    expect(tab.reads({}, 1)).toBeUndefined();
    expect(tab.reads({ hidden: true }, 50)).toBeUndefined();
    expect(tab.reads({ hidden: true }, 12)).toBe('hidden');
  });

  it('has a reason in words for every cause', () => {
    for (const cause of pauseCauses) expect(pauseReasons[cause]).toMatch(/^Paused.*\.$/);
  });

  it('never flaps, whatever is read', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = new SeededRandom(seed);
      const of = <T>(...choices: T[]): T => choices[random.below(choices.length)];
      let state = autoPause({
        ...usualComfort,
        battery: of('unplugged', 'low', 'ignore'),
        background: of('go-on', 'pause'),
        dataCapBytes: of(undefined, 1_000),
      });
      let [nowMs, changedMs] = [0, -Infinity];
      state = decide(state, easy, nowMs);
      for (let step = 0; step < 600; step++) {
        nowMs += of(20, 150, 1_000, 5_000, 20_000);
        const before = state;
        state = decide(
          state,
          {
            battery: of(undefined, { charging: of(true, false), level: random.below(101) / 100 }),
            metered: of(true, false, undefined),
            dayBytes: of(0, 940, 960, 999, 1_000, 1_001),
            drift: of(undefined, 0.8, 1.2, 1.4, 1.6, 3),
            hidden: of(true, false),
          },
          nowMs,
        );
        if ((state.pausedBy === undefined) === (before.pausedBy === undefined)) continue;
        const cameBack = before.pausedBy === 'hidden';
        if (!cameBack) expect(nowMs - changedMs, `seed ${seed}`).toBeGreaterThanOrEqual(60_000);
        changedMs = nowMs;
      }
    }
  });

  it('does not waver with a battery, a GPU and a meter that waver about their thresholds for an hour', () => {
    const random = new SeededRandom(7);
    let state = decide(autoPause({ ...usualComfort, battery: 'low', dataCapBytes: 1_000 }), easy, 0);
    let changes = 0;
    for (let second = 1; second <= 3_600; second++) {
      const before = state.pausedBy;
      const noise = (random.below(101) - 50) / 2_500; // up to 0.02 to either side
      const reading = {
        ...easy,
        battery: { charging: false, level: 0.2 + noise },
        dayBytes: 980,
        drift: 1.6 + noise,
      };
      state = decide(state, reading, 1_000 * second);
      if ((state.pausedBy === undefined) !== (before === undefined)) changes++;
    }
    expect(changes).toBeLessThanOrEqual(1);
  });
});
