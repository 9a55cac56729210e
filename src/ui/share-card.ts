import type { CurvePoint } from '../volunteer/status.ts';
import { curveOf, lastValidation, peerRows, presentVolunteer, recordsOf, roundOf } from './derive.ts';
import { formatCount, formatLoss, grouped } from './format.ts';
import type { PageSnapshot } from './host.ts';
import type { ShareLinks } from './share-links.ts';
import { sparkOf } from './sparkline.ts';
import { text } from './text.ts';

/** Size of the picture: what social sites show whole. */
export const cardWidth = 1200;
export const cardHeight = 630;

/** All that a card says. */
export interface CardFacts {
  readonly name: string;
  /** "nano, 164k parameters"; empty where it is not known. */
  readonly model: string;
  readonly numbers: readonly { readonly name: string; readonly value: string }[];
  readonly curve: readonly CurvePoint[];
  /** Under the curve: where the loss began and where it is. */
  readonly loss: string;
  /** Empty for a run by invitation. */
  readonly address: string;
  /** The picture in words. */
  readonly alt: string;
}

export type CardColour = 'surface' | 'ink' | 'ink-soft' | 'rule' | 'accent' | 'violet' | 'curve-train';
export type CardColours = Readonly<Record<CardColour, string>>;

const words = text.sharing;

/** What of a snapshot goes on its card. What this tab does not know is left out. */
export function cardFacts(snapshot: PageSnapshot, { room, spoken }: ShareLinks): CardFacts {
  const volunteer = presentVolunteer(snapshot);
  const { run } = snapshot.view;
  const preset = volunteer?.preset ?? run?.preset;
  const parameters = volunteer?.parameters ?? run?.parameters;
  const model =
    preset === undefined || parameters === undefined ? '' : words.model(preset, formatCount(parameters));
  const round = roundOf(snapshot);
  const members = volunteer?.members ?? peerRows(snapshot).filter((row) => row.member).length;
  const tokens = tokensOf(snapshot);
  const curve = curveOf(snapshot);
  const validation = volunteer?.validationLoss ?? lastValidation(curve);
  const numbers = [
    ...(round === undefined ? [] : [{ name: words.rounds, value: grouped(round) }]),
    { name: words.volunteers, value: grouped(members) },
    ...(tokens === undefined ? [] : [{ name: words.tokens, value: formatCount(tokens) }]),
    ...(validation === undefined ? [] : [{ name: words.validation, value: formatLoss(validation) }]),
  ];
  const [first, last] = [curve[0], curve.at(-1)];
  const loss =
    first === undefined || last === undefined || first === last
      ? ''
      : words.loss(
          formatLoss(first.train),
          formatLoss(last.train),
          text.counts.rounds(last.round - first.round + 1),
        );
  const address = spoken ?? '';
  const sentences = numbers.map(({ name, value }) => `${name}: ${value}.`).join(' ');
  const alt = [words.alt(room, model), sentences, loss === '' ? '' : `${loss}.`, address]
    .filter((part) => part !== '')
    .join(' ');
  return { name: room, model, numbers, curve, loss, address, alt };
}

/** All tokens of the run, where this tab saw all of its rounds; undefined otherwise. */
function tokensOf(snapshot: PageSnapshot): number | undefined {
  const { metrics } = snapshot;
  const newest = recordsOf(snapshot).at(-1)?.round;
  if (metrics === undefined || metrics.length === 0 || newest === undefined) return undefined;
  const [tokens, spans, rounds] = (['tokens', 'rounds', 'round'] as const).map((name) =>
    metrics.column(name),
  );
  let [sum, counted] = [0, 0];
  for (let i = 0; i < metrics.length; i++) {
    if ((rounds?.[i] ?? 0) > newest) break;
    const value = tokens?.[i] ?? NaN;
    if (!Number.isFinite(value)) return undefined;
    sum += value * (spans?.[i] ?? 1);
    counted += spans?.[i] ?? 1;
  }
  return counted === newest ? sum : undefined;
}

type Pen = Pick<
  CanvasRenderingContext2D,
  | 'fillRect'
  | 'fillText'
  | 'measureText'
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'stroke'
  | 'save'
  | 'restore'
  | 'translate'
  | 'scale'
  | 'rotate'
> & {
  fillStyle: string | CanvasGradient | CanvasPattern;
  strokeStyle: string | CanvasGradient | CanvasPattern;
  font: string;
  lineWidth: number;
  lineJoin: CanvasLineJoin;
  textAlign: CanvasTextAlign;
};

const serif = "'Iowan Old Style', 'Palatino Linotype', Palatino, Georgia, serif";
const sans = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif";
const margin = 64;

/** Draws a card on a canvas of 1200 x 630. `mark` draws the logo 32 wide at the origin, in the colours given. */
export function drawCard(
  pen: Pen,
  facts: CardFacts,
  colours: CardColours,
  mark: (colours: CardColours) => void,
): void {
  const right = cardWidth - margin;
  const write = (words_: string, x: number, y: number, font: string, colour: CardColour): void => {
    pen.font = font;
    pen.fillStyle = colours[colour];
    pen.fillText(words_, x, y);
  };
  pen.fillStyle = colours.surface;
  pen.fillRect(0, 0, cardWidth, cardHeight);
  pen.fillStyle = colours.accent;
  pen.fillRect(0, 0, cardWidth, 10);

  pen.save();
  pen.translate(margin - 8, 46);
  pen.scale(1.9, 1.9);
  mark(colours);
  pen.restore();
  pen.textAlign = 'left';
  write('Starling', margin + 68, 90, `600 36px ${serif}`, 'ink');
  pen.textAlign = 'right';
  write(facts.model, right, 88, `400 26px ${sans}`, 'ink-soft');
  pen.textAlign = 'left';

  const nameSize = fitted(pen, facts.name, right - margin, 76, (size) => `600 ${size}px ${serif}`);
  write(facts.name, margin, 192, `600 ${nameSize}px ${serif}`, 'ink');

  drawCurve(pen, facts, colours, { x: margin, y: 236, width: right - margin, height: 176 });
  write(facts.loss, margin, 452, `400 24px ${sans}`, 'ink-soft');

  const step = (right - margin) / Math.max(4, facts.numbers.length);
  facts.numbers.forEach(({ name, value }, i) => {
    const x = margin + i * step;
    write(value, x, 530, `500 46px ${serif}`, 'ink');
    write(name, x, 560, `400 22px ${sans}`, 'ink-soft');
  });
  pen.textAlign = 'right';
  const size = fitted(pen, facts.address, right - margin, 24, (px) => `600 ${px}px ${sans}`);
  write(facts.address, right, 604, `600 ${size}px ${sans}`, 'accent');
  pen.textAlign = 'left';
}

/** The largest size up to `most` at which a text is no wider than `width`. */
function fitted(pen: Pen, what: string, width: number, most: number, font: (size: number) => string): number {
  pen.font = font(most);
  const wide = pen.measureText(what).width;
  return wide <= width ? most : Math.max(10, Math.floor((most * width) / wide));
}

function drawCurve(
  pen: Pen,
  { curve }: CardFacts,
  colours: CardColours,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): void {
  pen.strokeStyle = colours.rule;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(box.x, box.y + box.height + 6);
  pen.lineTo(box.x + box.width, box.y + box.height + 6);
  pen.stroke();
  const spark = sparkOf(curve, box.width, box.height);
  if (spark === undefined) return;
  pen.strokeStyle = colours['curve-train'];
  pen.lineWidth = 5;
  pen.lineJoin = 'round';
  pen.beginPath();
  spark.points.forEach(([x, y], i) => {
    if (i === 0) pen.moveTo(box.x + x, box.y + y);
    else pen.lineTo(box.x + x, box.y + y);
  });
  pen.stroke();
}
