import type { CatchUp } from '../volunteer/status.ts';
import { formatBytes, grouped } from './format.ts';
import { text } from './text.ts';

const words = text.catchUp;

export const catchUpStages: readonly { readonly stage: CatchUp['stage']; readonly name: string }[] = [
  { stage: 'model', name: words.names.model },
  { stage: 'rounds', name: words.names.rounds },
  { stage: 'warm-up', name: words.names['warm-up'] },
];

export interface CatchUpLine {
  readonly title: string;
  /** How far, how fast, and how long still: also the bar's value in words. */
  readonly text: string;
  /** 0 to 1; undefined while the total is not known. */
  readonly share: number | undefined;
}

/** How far a latecomer has come, in words. */
export function catchUpLine({ stage, done, total, perSecond, sources }: CatchUp): CatchUpLine {
  const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : undefined;
  const rate = perSecond !== undefined && Number.isFinite(perSecond) && perSecond > 0 ? perSecond : undefined;
  const left = rate === undefined || total <= done ? undefined : timeLeft((total - done) / rate);
  switch (stage) {
    case 'model':
      return {
        title: sources === 0 ? words.asking : words.fetching(sources),
        text:
          share === undefined
            ? words.noSize
            : listed(
                words.ofModel(formatBytes(done), formatBytes(total)),
                rate === undefined ? undefined : words.bytesASecond(formatBytes(rate)),
                left,
              ),
        share,
      };
    case 'rounds':
      return {
        title: words.replaying,
        text: listed(
          words.ofRounds(done, total),
          rate === undefined ? undefined : words.roundsASecond(perSecondText(rate)),
          left,
        ),
        share,
      };
    case 'warm-up':
      return {
        title: words.warmUp,
        text: listed(words.ofWarmUp(done, total), left),
        share,
      };
  }
}

const listed = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join(', ');

const perSecondText = (rate: number): string => (rate >= 9.95 ? grouped(Math.round(rate)) : rate.toFixed(1));

/** "about 4 s left", "about 3 min left". */
function timeLeft(seconds: number): string {
  if (seconds < 59.5) return words.secondsLeft(Math.max(1, Math.round(seconds)));
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? words.minutesLeft(minutes) : words.hoursLeft((minutes / 60).toFixed(1));
}
