import { readName, tidyName } from '../base/friendly-name.ts';
import { isPeerId } from '../base/ids.ts';
import type { KeptText } from '../volunteer/contribution-keeper.ts';

const item = 'starling-names';
/** As many as a browser has places for keys; the one chosen longest ago goes first. */
const keptNames = 64;
const maxCharacters = 16_384;

/** The names that this browser's keys were given, by key. What is kept may be anything: only names are read. */
export class Names {
  readonly #kept: KeptText;
  /** For this visit, where nothing may be kept. */
  #now: readonly (readonly [id: string, name: string])[];

  constructor(kept: KeptText) {
    this.#kept = kept;
    this.#now = readNames(kept.recall(item));
  }

  /** The name that was chosen for this key; undefined: none. */
  of(id: string): string | undefined {
    return this.#now.find(([key]) => key === id)?.[1];
  }

  /** Names the key, or takes its name away; what is no name (`tidyName`) changes nothing. */
  choose(id: string, name: string | undefined): void {
    const tidy = name === undefined ? undefined : tidyName(name);
    if (!isPeerId(id) || (name !== undefined && tidy === undefined)) return;
    // Other tabs of this browser name their keys in the same place.
    const others = new Map([...this.#now, ...readNames(this.#kept.recall(item))]);
    others.delete(id);
    this.#now = [...others, ...(tidy === undefined ? [] : [[id, tidy] as const])].slice(-keptNames);
    this.#kept.keep(item, JSON.stringify(this.#now));
  }
}

/** Pairs of a key and its name; whatever else is there is left out. Any text may be given. */
export function readNames(text: string | undefined): readonly (readonly [id: string, name: string])[] {
  if (text === undefined || text.length > maxCharacters) return [];
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) return [];
    return list.slice(-keptNames).flatMap((pair: unknown) => {
      if (!Array.isArray(pair) || pair.length !== 2) return [];
      const [id, said] = pair as readonly unknown[];
      const name = readName(said);
      return isPeerId(id) && name !== undefined ? [[id, name] as const] : [];
    });
  } catch {
    return [];
  }
}
