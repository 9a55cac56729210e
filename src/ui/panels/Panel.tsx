import { useId, type ReactNode } from 'react';

/** A titled region of the page. `area` places it in the grid. */
export function Panel(props: {
  readonly title: string;
  readonly area: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}) {
  const heading = useId();
  return (
    <section className={`panel panel-${props.area}`} aria-labelledby={heading}>
      <header className="panel-head">
        <h2 id={heading}>{props.title}</h2>
        {props.aside !== undefined && <div className="panel-aside">{props.aside}</div>}
      </header>
      {props.children}
    </section>
  );
}

/** One number and what it is. */
export function Fact(props: {
  readonly name: string;
  readonly children: ReactNode;
  readonly note?: ReactNode;
  readonly testId?: string;
}) {
  return (
    <div className="fact">
      <dt>{props.name}</dt>
      <dd data-testid={props.testId}>{props.children}</dd>
      {props.note !== undefined && <dd className="note">{props.note}</dd>}
    </div>
  );
}

export const Tag = (props: { readonly kind?: 'warn' | 'good' | 'bad'; readonly children: ReactNode }) => (
  <span className={`tag${props.kind === undefined ? '' : ` tag-${props.kind}`}`}>{props.children}</span>
);

/** A colour of its own for every id, so that one volunteer is found again in every panel. */
export function IdDot({ id }: { readonly id: string }) {
  const hue = parseInt(id.slice(0, 4), 16) % 360;
  return (
    <span className="id-dot" aria-hidden="true" style={{ '--hue': Number.isNaN(hue) ? 0 : hue } as object} />
  );
}
