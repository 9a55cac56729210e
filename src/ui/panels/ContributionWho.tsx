import { shortId } from '../format.ts';
import { IdDot } from './Panel.tsx';

/** A volunteer by its dot, its name and its id: never the name alone, since anyone can take any name. */
export const Who = ({ id, name }: { readonly id: string; readonly name: string }) => (
  <span className="who">
    <IdDot id={id} /> <bdi className="who-name">{name}</bdi> <code>{shortId(id)}</code>
  </span>
);
