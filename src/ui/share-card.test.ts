import { expect, test } from 'vitest';
import { MetricsHistory } from '../volunteer/metrics.ts';
import { fakePresence, fakeRecord, fakeSnapshot, fakeVolunteer } from './fake-snapshot.test-data.ts';
import { cardFacts, cardHeight, cardWidth, drawCard, type CardColours } from './share-card.ts';
import { linksOf } from './share-links.ts';

const links = linksOf('https://example.org/?run=whales');
const curve = [1, 2, 3].map((round) => ({ round, train: 6 - round, validation: undefined }));

function metricsOf(rounds: readonly number[]) {
  const history = new MetricsHistory();
  for (const round of rounds) history.add({ round, train: 5, tokens: 1_000 });
  return history.view;
}

const training = fakeVolunteer({
  ...{ round: 3, members: 2, curve, validationLoss: 3.25, records: [fakeRecord(3, 'ab')] },
});

test('a card says what the page says, and the same in words', () => {
  const facts = cardFacts(fakeSnapshot({ volunteer: training, metrics: metricsOf([1, 2, 3]) }), links);
  expect(facts.name).toBe('whales');
  expect(facts.model).toBe('nano, 164k parameters');
  expect(facts.numbers.map(({ value }) => value)).toEqual(['3', '2', '3.00k', '3.250']);
  expect(facts.address).toBe('example.org/?run=whales');
  for (const said of ['whales', '3.00k', '5.000', '3.000', 'example.org']) expect(facts.alt).toContain(said);
});

test('what this tab did not see is not on it', () => {
  const late = cardFacts(fakeSnapshot({ volunteer: training, metrics: metricsOf([2, 3]) }), links);
  expect(late.numbers).toHaveLength(3);
  const viewer = cardFacts(fakeSnapshot({ presences: [fakePresence('ab')], curve }), links);
  expect(viewer.numbers.map(({ value }) => value)).toEqual(['1']);
  expect(viewer.model).toBe('');
});

test('the key of an invitation is not on it', () => {
  const secret = linksOf('https://example.org/?run=whales#key=c2VjcmV0');
  const facts = cardFacts(fakeSnapshot({ volunteer: training }), secret);
  expect(facts.address).toBe('');
  expect(JSON.stringify(facts)).not.toContain('c2VjcmV0');
});

test('everything is drawn within the picture, also a long name', () => {
  const drawn: [string, number][] = [];
  const size = (font: string): number => Number(/(\d+)px/.exec(font)?.[1] ?? 0);
  const pen = {
    ...{ fillStyle: '', strokeStyle: '', font: '', lineWidth: 1, lineJoin: 'round', textAlign: 'left' },
    fillText(text: string, x: number, y: number) {
      const width = 0.6 * size(this.font) * text.length;
      const left = this.textAlign === 'right' ? x - width : x;
      expect(left, text).toBeGreaterThanOrEqual(0);
      expect(left + width, text).toBeLessThanOrEqual(cardWidth);
      expect(y).toBeLessThanOrEqual(cardHeight);
      drawn.push([text, x]);
    },
    measureText(text: string) {
      return { width: 0.6 * size(this.font) * text.length } as TextMetrics;
    },
    ...{ fillRect() {}, beginPath() {}, moveTo() {}, lineTo() {}, stroke() {}, save() {}, restore() {} },
    ...{ translate() {}, scale() {}, rotate() {} },
  };
  const name = 'w'.repeat(64);
  const facts = cardFacts(
    fakeSnapshot({ volunteer: training, metrics: metricsOf([1, 2, 3]) }),
    linksOf(`https://a-long-host-name.example.org/?run=${name}`),
  );
  const colours = new Proxy({}, { get: () => 'black' }) as CardColours;
  drawCard(pen as unknown as CanvasRenderingContext2D, facts, colours, () => undefined);
  expect(drawn.map(([text]) => text)).toContain(name);
  expect(drawn).toHaveLength(5 + 2 * facts.numbers.length);
});
