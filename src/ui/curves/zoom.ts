/** Rounds from `min` to `max`. */
export interface Span {
  readonly min: number;
  readonly max: number;
}

/** Fewer rounds than this are no curve. */
const narrowest = 4;

/** Round 0 has no place on an axis of logarithms: it is drawn at 1. */
const toAxis = (value: number, log: boolean): number => (log ? Math.log(Math.max(1, value)) : value);
const fromAxis = (value: number, log: boolean): number => (log ? Math.exp(value) : value);

/** `span` inside `full`, and not too narrow. Undefined where that is all of it: then it grows with the run. */
export function within(span: Span, full: Span): Span | undefined {
  const width = Math.max(narrowest, span.max - span.min);
  if (width >= full.max - full.min) return undefined;
  const middle = (span.min + span.max) / 2;
  const min = Math.min(Math.max(full.min, middle - width / 2), full.max - width);
  return { min, max: min + width };
}

/** `factor` times as much of the axis, about `centre` (the middle, if not given). */
export function zoomed(
  span: Span | undefined,
  full: Span,
  of: { readonly factor: number; readonly log: boolean; readonly centre?: number | undefined },
): Span | undefined {
  const { factor, log, centre } = of;
  const { min, max } = span ?? full;
  const [from, to] = [toAxis(min, log), toAxis(max, log)];
  const at = centre !== undefined && centre >= min && centre <= max ? toAxis(centre, log) : (from + to) / 2;
  const cut = (end: number): number => fromAxis(at + (end - at) * factor, log);
  const wider = { min: Math.max(full.min, cut(from)), max: Math.min(full.max, cut(to)) };
  return within(wider, full);
}

/** Moved by `share` of what is shown, to later rounds if positive. */
export function moved(
  span: Span | undefined,
  full: Span,
  of: { readonly share: number; readonly log: boolean },
): Span | undefined {
  if (span === undefined) return undefined;
  const { share, log } = of;
  const [from, to] = [toAxis(span.min, log), toAxis(span.max, log)];
  const [first, last] = [toAxis(full.min, log), toAxis(full.max, log)];
  const wished = share * (to - from);
  const by = Math.min(Math.max(wished, first - from), last - to);
  return within({ min: fromAxis(from + by, log), max: fromAxis(to + by, log) }, full);
}
