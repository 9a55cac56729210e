import type { PageSnapshot } from './host.ts';

export type RefusalFamily = 'forged' | 'broken' | 'flood' | 'stale' | 'other';

export interface Refusal {
  readonly reason: string;
  readonly from: 'messages' | 'document';
  readonly count: number;
  readonly family: RefusalFamily;
}

/** What was refused, by reason, most frequent first. */
export function refusalsOf({ volunteer, view }: PageSnapshot): readonly Refusal[] {
  const list = (counter: Readonly<Record<string, number>>, from: Refusal['from']): Refusal[] =>
    Object.entries(counter)
      .filter(([, count]) => count > 0)
      .map(([reason, count]) => ({ reason, from, count, family: familyOf(reason) }));
  return [...list(volunteer?.rejections ?? {}, 'messages'), ...list(view.rejections, 'document')].sort(
    (a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1),
  );
}

/** What a reason is about, in one of five words that need no protocol to understand. */
export function familyOf(reason: string): RefusalFamily {
  if (/signature|for-another|wrong-key|wrong-side|before-hello/.test(reason)) return 'forged';
  if (/too-often|inbox-full|too-many-peers|too-many$|second-|two-records/.test(reason)) return 'flood';
  if (/far-ahead|stale|document-ahead/.test(reason)) return 'stale';
  if (
    /malformed|too-long|unknown|wrong-|unreadable|^payload|^frame|out-of-range|not-bytes|empty/.test(reason)
  )
    return 'broken';
  return 'other';
}

export interface RefusalGroup {
  readonly family: RefusalFamily;
  readonly count: number;
  /** Of all that was refused, in [0, 1]. */
  readonly share: number;
  readonly refusals: readonly Refusal[];
}

/** By family, most frequent first. */
export function refusalGroups(refusals: readonly Refusal[]): readonly RefusalGroup[] {
  const total = refusals.reduce((sum, { count }) => sum + count, 0);
  const families = [...new Set(refusals.map(({ family }) => family))];
  return families
    .map((family) => {
      const own = refusals.filter((refusal) => refusal.family === family);
      const count = own.reduce((sum, refusal) => sum + refusal.count, 0);
      return { family, count, share: total === 0 ? 0 : count / total, refusals: own };
    })
    .sort((a, b) => b.count - a.count);
}

/** `record-signature` as people read it: "Record with a wrong signature". */
export function reasonText(reason: string): string {
  const words = reason.replace(/-signature$/, '-with-a-wrong-signature').replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
