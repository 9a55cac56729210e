import type { PageSnapshot } from './host.ts';

export interface Refusal {
  readonly reason: string;
  readonly from: 'messages' | 'document';
  readonly count: number;
}

/** What was refused, by reason, most frequent first. */
export function refusalsOf({ volunteer, view }: PageSnapshot): readonly Refusal[] {
  const list = (counter: Readonly<Record<string, number>>, from: Refusal['from']): Refusal[] =>
    Object.entries(counter)
      .filter(([, count]) => count > 0)
      .map(([reason, count]) => ({ reason, from, count }));
  return [...list(volunteer?.rejections ?? {}, 'messages'), ...list(view.rejections, 'document')].sort(
    (a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1),
  );
}

/** `record-signature` as people read it: "Record with a wrong signature". */
export function reasonText(reason: string): string {
  const words = reason.replace(/-signature$/, '-with-a-wrong-signature').replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
