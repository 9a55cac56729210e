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
  }).sort((a, b) => Math.abs(a.x - 330) - Math.abs(b.x - 330));
})();

const wing = 'M-2.4 -0.9 Q-0.9 -0.9 0 0.5 Q0.9 -0.9 2.4 -0.9 Q1 -0.1 0 1.5 Q-1 -0.1 -2.4 -0.9Z';

/** A flock in which one bird is lit for every volunteer present. Decoration: it says nothing the page does not. */
export const Murmuration = memo(function Murmuration({ lit }: { readonly lit: number }) {
  return (
    <svg className="murmuration" viewBox="0 0 600 200" aria-hidden="true" focusable="false">
      {birds.map((bird, index) => (
        <path
          key={index}
          className={index < lit ? 'lit' : undefined}
          d={wing}
          transform={`translate(${bird.x.toFixed(1)} ${bird.y.toFixed(1)}) rotate(${bird.turn.toFixed(0)}) scale(${(index < lit ? 1.7 * bird.size : bird.size).toFixed(2)})`}
        />
      ))}
    </svg>
  );
});

/** The mark: five birds on one turn. */
export function Logo() {
  const marks = [
    [5.5, 21, 1.25, 24],
    [10.5, 14.5, 1.6, 10],
    [17.5, 11.5, 2.1, -8],
    [24.5, 16, 1.6, -26],
    [21, 23, 1.25, 16],
  ] as const;
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      {marks.map(([x, y, size, turn]) => (
        <path key={x} d={wing} transform={`translate(${x} ${y}) rotate(${turn}) scale(${size})`} />
      ))}
    </svg>
  );
}
