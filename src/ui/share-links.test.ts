import { expect, test } from 'vitest';
import { embedCode, linksOf, liveEmbed } from './share-links.ts';
import { sparkOf, svgPoints } from './sparkline.ts';

test('an address that is handed on names the run and nothing else', () => {
  expect(linksOf('https://example.org/?run=whales&preset=nano&seed=7&x="><script>')).toEqual({
    room: 'whales',
    page: 'https://example.org/?run=whales',
    embed: 'https://example.org/embed?run=whales',
    spoken: 'example.org/?run=whales',
  });
  expect(linksOf('http://localhost:4444/')).toEqual({
    room: 'main',
    page: 'http://localhost:4444/',
    embed: 'http://localhost:4444/embed',
    spoken: 'localhost:4444',
  });
  expect(linksOf('https://example.org/?run=%3Cb%3E').room).toBe('main');
});

test('the key of an invitation is never handed on', () => {
  const links = linksOf('https://example.org/?run=whales#key=c2VjcmV0');
  expect(JSON.stringify(links)).not.toContain('c2VjcmV0');
  expect(links).toEqual({ room: 'whales', page: undefined, embed: undefined, spoken: undefined });
});

test('a frame that connects at once has a right address, with and without a name', () => {
  expect(liveEmbed('https://example.org/embed?run=whales')).toBe(
    'https://example.org/embed?run=whales&live=1',
  );
  expect(liveEmbed('https://example.org/embed')).toBe('https://example.org/embed?live=1');
});

test('the HTML for a frame cannot be broken out of', () => {
  expect(embedCode('https://example.org/embed?run=whales', 'The run "a" <b>')).toBe(
    '<iframe src="https://example.org/embed?run=whales" title="The run &quot;a&quot; &lt;b>" width="380" height="260" loading="lazy"></iframe>',
  );
});

const point = (round: number, train: number) => ({ round, train, validation: undefined });

test('a sparkline goes from corner to corner of its box, and leaves out what does not move forward', () => {
  const spark = sparkOf([point(1, 5), point(3, 4), point(2, 9), point(5, NaN), point(5, 3)], 100, 20);
  expect(spark && svgPoints(spark)).toBe('0.0,0.0 50.0,10.0 100.0,20.0');
  expect(spark).toMatchObject({ low: 3, high: 5 });
});

test('one point is no line, and a level one is drawn', () => {
  expect(sparkOf([], 10, 10)).toBeUndefined();
  expect(sparkOf([point(4, 5)], 10, 10)).toBeUndefined();
  const level = sparkOf([point(1, 5), point(2, 5)], 10, 10);
  expect(level && svgPoints(level)).toBe('0.0,10.0 10.0,10.0');
});
