import type { Surroundings } from './surroundings.ts';

/** The Battery Status API, which Chromium has. */
interface BatteryManager extends EventTarget {
  readonly charging: boolean;
  readonly level: number;
}

/** The part of the Network Information API that tells of money, which Chromium has. */
interface Connection extends EventTarget {
  readonly saveData?: boolean;
  readonly type?: string;
}

interface Extras {
  readonly getBattery?: () => Promise<BatteryManager>;
  readonly connection?: Connection;
  readonly wakeLock?: WakeLock;
}

/** This browser's battery, connection, visibility, screen and storage, as far as it has them. */
export function browserSurroundings(): Surroundings {
  // What lib.dom declares as always there is not, in some browsers.
  const { connection, wakeLock } = navigator as Extras;
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  let battery: BatteryManager | undefined;
  (navigator as Extras).getBattery?.().then(
    (found) => {
      battery = found;
      for (const event of ['chargingchange', 'levelchange']) found.addEventListener(event, changed);
      changed();
    },
    () => undefined, // not allowed here: not known, then
  );
  connection?.addEventListener('change', changed);
  document.addEventListener('visibilitychange', changed);
  return {
    get battery() {
      return battery === undefined ? undefined : { charging: battery.charging, level: battery.level };
    },
    get metered() {
      return connection === undefined ? undefined : isMetered(connection);
    },
    get hidden() {
      return document.hidden;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    localDay: () => {
      const now = new Date();
      const two = (part: number): string => String(part).padStart(2, '0');
      return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
    },
    keepAwake: wakeLock === undefined ? undefined : (lost) => lockScreen(wakeLock, lost),
    recall(key) {
      try {
        return localStorage.getItem(key) ?? undefined;
      } catch {
        return undefined; // storage is turned off
      }
    },
    keep(key, text) {
      try {
        localStorage.setItem(key, text);
      } catch {
        // Turned off or full: it holds for this visit only.
      }
    },
  };
}

const isMetered = ({ saveData, type }: Connection): boolean => saveData === true || type === 'cellular';

async function lockScreen(wakeLock: WakeLock, lost: () => void): Promise<() => void> {
  const lock = await wakeLock.request('screen');
  lock.addEventListener('release', lost);
  return () => {
    lock.removeEventListener('release', lost);
    void lock.release();
  };
}
