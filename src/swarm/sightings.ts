import type { Digest, PeerId } from '../base/ids.ts';

/**
 * Something of a round that this volunteer saw happen, when it was here and checked, by its own clock: no other clock is read.
 * For pictures of what waits for what; nothing is decided by it.
 */
export type Sighting = { readonly atMs: number } & Seen;

export type Seen =
  /** A contribution of `peer`, our own included, came for the first time or again. */
  | { readonly kind: 'contribution'; readonly round: number; readonly peer: PeerId }
  /** `peer` says that it holds a contribution: only leaders are told, and of their own one. */
  | { readonly kind: 'have'; readonly round: number; readonly peer: PeerId }
  /** `peer` says that it stands after `round`: only the next leaders are told, and not of every round. */
  | { readonly kind: 'confirm'; readonly round: number; readonly peer: PeerId }
  /** Our chain grew by the record of `round`: with it, everything that it counts is here. */
  | {
      readonly kind: 'agreed';
      readonly round: number;
      readonly record: Digest;
      readonly leader: PeerId;
      /** When the record itself came: what it counts may have come later. */
      readonly recordAtMs: number;
      readonly counted: readonly PeerId[];
      /** Members of the next round. */
      readonly members: readonly PeerId[];
    }
  /** Our replica stands after `round`. */
  | { readonly kind: 'applied'; readonly round: number }
  /** Our chain was cut back to `round`. */
  | { readonly kind: 'taken-back'; readonly round: number }
  /** Our chain begins after `round`, at a snapshot. */
  | { readonly kind: 'entered'; readonly round: number; readonly members: readonly PeerId[] };
