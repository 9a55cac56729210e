import { friendlyName } from '../base/friendly-name.ts';
import { shortId } from './format.ts';
import type { PageSnapshot } from './host.ts';

/** The name to show beside an id. */
export type NameOf = (id: string) => string;

/** The names of everyone here: the one that a person chose, as its tab says it, else the one that the id gives. */
export function namesOf({
  view,
  volunteer,
  contribution,
}: Pick<PageSnapshot, 'view' | 'volunteer' | 'contribution'>): NameOf {
  const said = new Map(
    view.presences.flatMap(({ id, name }) => (name === undefined ? [] : [[id, name] as const])),
  );
  // What others would have us be called counts for nothing.
  if (volunteer !== undefined) said.delete(volunteer.self);
  if (volunteer !== undefined && contribution?.name !== undefined)
    said.set(volunteer.self, contribution.name);
  return (id) => said.get(id) ?? friendlyName(id);
}

/** "Quiet Heron 27 (ab12cd)": for sentences. The name never stands alone, since anyone can take any name. */
export const nameAndId =
  (nameOf: NameOf): NameOf =>
  (id) =>
    `${nameOf(id)} (${shortId(id)})`;
