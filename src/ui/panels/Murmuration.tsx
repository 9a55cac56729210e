import { memo } from 'react';
import { SeededRandom } from '../../base/random.ts';

const birdCount = 150;

interface Bird {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly turn: number;
}

/** Birds along a folded ribbon, as a flock turns: dense at the fold, thin at the ends. */
const birds: readonly Bird[] = (() => {
  const random = new SeededRandom(17);
  return Array.from({ length: birdCount }, () => {
    const t = random.float();
    const spread = 0.35 + 0.65 * Math.sin(Math.PI * t);
    const x = 20 + 560 * t + 26 * random.normal() * spread;
    const y = 110 + 46 * Math.sin(5.4 * t + 0.6) - 30 * t + 20 * random.normal() * spread;
    const slope = Math.cos(5.4 * t + 0.6) * 0.7;
    return { x, y, size: 2.2 + 2.6 * random.float(), turn: slope * 40 + 14 * random.normal() };
  });
})();

/** One bird, wings out, about 5 wide around the origin. */
export const wing = 'M-2.4 -0.9 Q-0.9 -0.9 0 0.5 Q0.9 -0.9 2.4 -0.9 Q1 -0.1 0 1.5 Q-1 -0.1 -2.4 -0.9Z';

const drawn = (className: string, scale: number) =>
  function BirdPath(bird: Bird, index: number) {
    const { x, y, turn, size } = bird;
    const place = `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${turn.toFixed(0)}) scale(${(scale * size).toFixed(2)})`;
    return <path key={index} className={className} d={wing} transform={place} />;
  };

/** A flock in which one bird is lit for every volunteer present. Decoration: it says nothing the page does not. */
export const Murmuration = memo(function Murmuration({ lit }: { readonly lit: number }) {
  return (
    <svg className="murmuration" viewBox="0 0 600 200" aria-hidden="true" focusable="false">
      {birds.slice(lit).map(drawn('', 1))}
      {birds.slice(0, lit).map(drawn('lit', 1.9))}
    </svg>
  );
});

/** The mark: a few birds on one turn. */
export function Logo() {
  const marks = [
    [6.5, 24, 1.7, 26],
    [15, 12.5, 4.2, -6],
    [26, 20, 2.4, -28],
    [17, 25.5, 1.9, 8],
  ] as const;
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      {marks.map(([x, y, size, turn]) => (
        <path key={x} d={wing} transform={`translate(${x} ${y}) rotate(${turn}) scale(${size})`} />
      ))}
    </svg>
  );
}
