import { nameAndId, type NameOf } from '../contribution-names.ts';
import { formatDuration, grouped } from '../format.ts';
import { text } from '../text.ts';
import type { RoundSpan } from './round-phases.ts';

/** Shorter waits are no wait, ms. */
const noticed = 50;

/** Who waited for whom in a round, one sentence from where this tab stands; undefined where there is nothing to say yet. */
export function waitSentence({ round, wait }: RoundSpan, nameOf: NameOf): string | undefined {
  if (wait === undefined) return undefined;
  const { rounds } = text;
  const name = grouped(round);
  const who = nameAndId(nameOf);
  const { last, first, longestMs, ownMs } = wait;
  if (longestMs < noticed) return rounds.nobodyWaited(name);
  if (ownMs !== undefined && ownMs >= noticed)
    return rounds.youWaited(name, formatDuration(ownMs), who(last));
  if (ownMs === 0) return rounds.theyWaited(name, formatDuration(longestMs));
  return rounds.otherWaited(name, who(first), formatDuration(longestMs), who(last));
}

/** Of the newest decided round that has something to say. */
export const newestWait = (spans: readonly RoundSpan[], nameOf: NameOf): string | undefined =>
  spans
    .map((span) => waitSentence(span, nameOf))
    .filter((sentence) => sentence !== undefined)
    .at(-1);
