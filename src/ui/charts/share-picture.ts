import { wing } from '../panels/Murmuration.tsx';
import { cardHeight, cardWidth, drawCard, type CardColours, type CardFacts } from '../share-card.ts';

const names = ['surface', 'ink', 'ink-soft', 'rule', 'accent', 'violet', 'curve-train'] as const;

/** The theme's colours as they are now. */
function coloursOf(element: Element): CardColours {
  const style = getComputedStyle(element);
  return Object.fromEntries(
    names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  ) as unknown as CardColours;
}

/** Draws a card on a canvas, in the colours of the page. */
export function drawOn(canvas: HTMLCanvasElement, facts: CardFacts): void {
  canvas.width = cardWidth;
  canvas.height = cardHeight;
  const pen = canvas.getContext('2d');
  if (pen === null) return;
  const birds = [
    [6.5, 24, 1.7, 26],
    [15, 12.5, 4.2, -6],
    [26, 20, 2.4, -28],
    [17, 25.5, 1.9, 8],
  ] as const;
  drawCard(pen, facts, coloursOf(canvas), (colours) => {
    birds.forEach(([x, y, size, turn], i) => {
      pen.save();
      pen.translate(x, y);
      pen.rotate((turn * Math.PI) / 180);
      pen.scale(size, size);
      pen.fillStyle = i % 2 === 0 ? colours.accent : colours.violet;
      pen.fill(new Path2D(wing));
      pen.restore();
    });
  });
}
