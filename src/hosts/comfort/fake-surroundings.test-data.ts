import type { Surroundings } from './surroundings.ts';

/** Surroundings that tests change, and a screen lock that they look at. */
export class FakeSurroundings implements Surroundings {
  battery: Surroundings['battery'] = { charging: true, level: 1 };
  metered: boolean | undefined = false;
  hidden = false;
  day = '2026-11-23';
  refusesLock = false;
  locks = 0;
  readonly kept = new Map<string, string>();
  takeBack: () => void = () => undefined;
  readonly #listeners = new Set<() => void>();

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  change(to: Partial<Pick<FakeSurroundings, 'battery' | 'metered' | 'hidden'>>): void {
    Object.assign(this, to);
    for (const listener of this.#listeners) listener();
  }

  readonly localDay = (): string => this.day;
  readonly recall = (key: string): string | undefined => this.kept.get(key);
  readonly keep = (key: string, text: string): void => void this.kept.set(key, text);

  readonly keepAwake = (lost: () => void): Promise<() => void> => {
    if (this.refusesLock) return Promise.reject(new Error('refused'));
    this.locks++;
    this.takeBack = () => {
      this.locks--;
      lost();
    };
    return Promise.resolve(() => void this.locks--);
  };
}
