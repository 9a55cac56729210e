import type { CatchUp } from '../volunteer/status.ts';
import { formatBytes, grouped, plural } from './format.ts';

export const catchUpStages: readonly { readonly stage: CatchUp['stage']; readonly name: string }[] = [
  { stage: 'model', name: 'Model' },
  { stage: 'rounds', name: 'Rounds' },
  { stage: 'warm-up', name: 'Warm-up' },
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
  const left = rate === undefined || total <= done ? '' : `, ${timeLeft((total - done) / rate)}`;
  switch (stage) {
    case 'model':
      return {
        title:
          sources === 0 ? 'Asking for the model' : `Fetching the model from ${plural(sources, 'volunteer')}`,
        text:
          share === undefined
            ? 'Its size is not known yet'
            : `${formatBytes(done)} of ${formatBytes(total)}${rate === undefined ? '' : `, ${formatBytes(rate)}/s`}${left}`,
        share,
      };
    case 'rounds':
      return {
        title: 'Replaying the rounds since',
        text: `${grouped(done)} of ${plural(total, 'round')}${rate === undefined ? '' : `, ${perSecondText(rate)} rounds/s`}${left}`,
        share,
      };
    case 'warm-up':
      return {
        title: 'Learning silently, so that its first vote is worth something',
        text: `${grouped(done)} of ${plural(total, 'round')} of warm-up${left}`,
        share,
      };
  }
}

const perSecondText = (rate: number): string => (rate >= 9.95 ? grouped(Math.round(rate)) : rate.toFixed(1));

/** "about 4 s left", "about 3 min left". */
function timeLeft(seconds: number): string {
  if (seconds < 59.5) return `about ${Math.max(1, Math.round(seconds))} s left`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `about ${minutes} min left` : `about ${(minutes / 60).toFixed(1)} h left`;
}
