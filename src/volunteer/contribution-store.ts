import * as v from 'valibot';
import { isPeerId, isRunId, type PeerId, type RunId } from '../base/ids.ts';
import { keptRecent, type ContributionHistory } from './contribution-history.ts';

/** Whose history it is: one key's in one run. */
export interface HistoryOwner {
  readonly run: RunId;
  readonly key: PeerId;
}

export type KeptHistory = HistoryOwner & { readonly history: ContributionHistory };

/** Histories kept in a browser; the one changed longest ago goes first. */
export const keptHistories = 24;
/** Longer texts are none of ours. */
export const maxHistoryCharacters = 128 << 10;

const most = Number.MAX_SAFE_INTEGER;
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most));
const round = v.pipe(v.number(), v.integer(), v.minValue(-1), v.maxValue(0x7fffffff));
const standings = ['provisional', 'final', 'lost'] as const;
/** Round, tokens, 1 where a record counts it, place among the standings: short, for there are many. */
const recent = v.tuple([round, count, v.picklist([0, 1]), v.picklist([0, 1, 2])]);

const kept = v.object({
  run: v.custom<RunId>(isRunId),
  key: v.custom<PeerId>(isPeerId),
  newest: round,
  ...{ trained: count, tokens: count, final: count, finalTokens: count, lost: count, unknown: count },
  ...{ streakFrom: round, streakTo: round, longest: count },
  recent: v.pipe(v.array(recent), v.maxLength(keptRecent)),
});

/** The histories in a text that was kept, oldest change first. Any text may be given; what is not well-formed is left out. */
export function readHistories(text: string | undefined): readonly KeptHistory[] {
  if (text === undefined || text.length > maxHistoryCharacters) return [];
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(list)) return [];
  return list.slice(-keptHistories).flatMap((value: unknown) => {
    const result = v.safeParse(kept, value, { abortEarly: true });
    if (!result.success) return [];
    const { run, key, recent: rows, ...sums } = result.output;
    const history: ContributionHistory = {
      ...sums,
      recent: rows.map(([at, tokens, counted, standing]) => ({
        ...{ round: at, tokens, counted: counted === 1, standing: standings[standing] },
      })),
    };
    return isSound(history) ? [{ run, key, history }] : [];
  });
}

/** Rounds in order, none newer than the newest, and no stretch that ends before it begins. */
const isSound = ({ recent: list, newest, streakFrom, streakTo }: ContributionHistory): boolean =>
  list.every((one, index) => one.round > (list[index - 1]?.round ?? -1) && one.round <= newest) &&
  streakFrom <= streakTo &&
  streakTo <= newest &&
  streakFrom < 0 === streakTo < 0;

/** The text with one history put in, or brought up to date. */
export function writeHistory(text: string | undefined, changed: KeptHistory): string {
  const others = readHistories(text).filter(({ run, key }) => run !== changed.run || key !== changed.key);
  const all = [...others, changed].slice(-keptHistories);
  return JSON.stringify(
    all.map(({ run, key, history: { recent: list, ...sums } }) => ({
      ...{ run, key, ...sums },
      recent: list.map((one) => [
        one.round,
        one.tokens,
        one.counted ? 1 : 0,
        standings.indexOf(one.standing),
      ]),
    })),
  );
}
