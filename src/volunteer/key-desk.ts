import type { PeerId } from '../base/ids.ts';

/** Of the password of a key that can move. */
export const minPasswordCharacters = 8;

/** What a page shows of keys that move between browsers. */
export interface KeyView {
  /** The key of this tab's place; undefined: there is none yet. */
  readonly here:
    | {
        readonly id: PeerId;
        /** The chosen name; undefined: it goes by the one that its id gives. */
        readonly name: string | undefined;
        /** Whether it was made to move. */
        readonly canMove: boolean;
      }
    | undefined;
  /** Keys that were taken away from this browser, and whose sealed copies are still in it. */
  readonly away: readonly KeyAway[];
}

export interface KeyAway {
  readonly id: PeerId;
  readonly name: string | undefined;
  /** When it was taken away, in ms since 1970. */
  readonly atMs: number;
}

/** A sealed key as a file to save. */
export interface KeySaved {
  readonly fileName: string;
  readonly text: string;
}

/**
 * Moves this tab's key to another browser, and one from another browser here. All reject with a StarlingError; what changes keys
 * does so too while the tab is in a run.
 */
export interface KeyDesk {
  look(): Promise<KeyView>;
  /** A new key for this tab, which this password can take away. What the tab had before stays in this browser, for another tab. */
  makeMovable(password: string): Promise<KeyView>;
  /** Takes this tab's key away: from now on it is in the file only. The file is kept here as well until `forgetCopy`. */
  takeAway(password: string): Promise<KeySaved>;
  /** The file of a key that was taken away, once more. */
  again(id: PeerId): Promise<KeySaved>;
  forgetCopy(id: PeerId): Promise<KeyView>;
  /** Makes the key in a file that of this tab. */
  bringIn(file: Blob, password: string): Promise<KeyView>;
}
