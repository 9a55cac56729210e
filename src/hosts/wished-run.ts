import * as v from 'valibot';
import { isDigest, type Digest } from '../base/ids.ts';
import { startSchema } from '../volunteer/run-config.ts';
import { choiceProblem, searchOfChoice, type RunChoice } from '../volunteer/run-choice.ts';
import type { PageOptions } from './page-options.ts';

/** A run that is started on the page of its own address: what is kept for that page by the one before it, in this tab only. */
export interface WishedRun {
  /** Without the fragment. */
  readonly address: string;
  readonly atMs: number;
  readonly choice: RunChoice;
}

/** Beyond this the page was opened again for another reason. */
const freshMs = 60_000;
const mostCharacters = 2_000;

const schema = v.strictObject({
  address: v.string(),
  atMs: v.number(),
  choice: v.strictObject({
    room: v.string(),
    preset: v.picklist(['nano', 'micro', 'small']),
    volunteers: v.number(),
    rounds: v.optional(v.number()),
    k: v.number(),
    ratePercent: v.number(),
    open: v.boolean(),
    corpus: v.optional(v.custom<Digest>(isDigest)),
    start: v.optional(startSchema),
  }),
});

export const writeWish = (wish: WishedRun): string => JSON.stringify(wish);

/** The choice that was kept for this page, if it was just now. Any text may be given. */
export function readWish(text: string | null, base: URL, nowMs: number): RunChoice | undefined {
  if (text === null || text.length > mostCharacters) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = v.safeParse(schema, json, { abortEarly: true });
  if (!read.success) return undefined;
  const { address, atMs } = read.output;
  const isFresh = nowMs >= atMs && nowMs - atMs <= freshMs;
  if (!isFresh || address !== withoutFragment(base)) return undefined;
  const choice = {
    ...read.output.choice,
    rounds: read.output.choice.rounds,
    corpus: read.output.choice.corpus,
    start: read.output.choice.start,
  };
  return choiceProblem(choice) === undefined ? choice : undefined;
}

export const withoutFragment = (address: URL): string => address.href.replace(/#.*$/, '');

/** The address of a run, on the page at `base`; `fragment` with its #, or empty. */
export function addressOfChoice(base: URL, choice: RunChoice, fragment: string): URL {
  const address = new URL(searchOfChoice(choice), withoutFragment(base));
  address.hash = fragment;
  return address;
}

/** What to hand on to others: the run's address without what only its starter chooses. */
export function inviteAddress(base: URL, room: string, isInvited: boolean): string {
  const address = new URL(`?${new URLSearchParams({ run: room }).toString()}`, withoutFragment(base));
  address.hash = isInvited ? base.hash : '';
  return address.href;
}

/** The options of a page on which this is started. */
export const optionsOfChoice = (options: PageOptions, choice: RunChoice): PageOptions => {
  const { room, preset, volunteers, rounds, k, ratePercent } = choice;
  return { ...options, room, preset, volunteers, rounds, k, ratePercent, seed: undefined };
};
