import { utf8, type Bytes } from '../../src/base/bytes.ts';
import { friendlyName } from '../../src/base/friendly-name.ts';
import type { PeerId } from '../../src/base/ids.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import { accepted, refused, type Decoded } from '../../src/base/verdict.ts';
import {
  readPast,
  readPresence,
  readRecord,
  readSample,
  writePast,
  type Past,
  type Presence,
  type RecordAnnouncement,
  type SampleAnnouncement,
} from '../../src/swarm/announcements.ts';
import { draw, drawCount, drawHex, drawList, oneIn, pick } from './draw.ts';
import { jsonTarget, textOf } from './json-target.ts';
import type { FuzzTarget } from './target.ts';

const peer = (random: SeededRandom): PeerId => drawHex(random, 16) as PeerId;
const maybe = <T>(random: SeededRandom, value: T): T | undefined => (oneIn(random, 3) ? undefined : value);
const loss = (random: SeededRandom): number => draw(random, 1_000_000) / 100_000;
const name = (random: SeededRandom): string => drawHex(random, 1 + draw(random, 8));

const presence = (random: SeededRandom): Presence => ({
  id: peer(random),
  name: maybe(random, friendlyName(peer(random))),
  adapter: name(random),
  software: oneIn(random, 2),
  tokensPerSecond: maybe(random, loss(random)),
  state: pick(random, ['training', 'waiting']),
  round: drawCount(random, 1e9),
  member: oneIn(random, 2),
});

export const recordAnnouncement = (random: SeededRandom): RecordAnnouncement => ({
  round: drawCount(random, 1e9),
  leader: peer(random),
  contributions: drawCount(random, 1e6),
  tokens: drawCount(random, 1e9),
  train: maybe(random, loss(random)),
  validation: maybe(random, loss(random)),
  state: drawHex(random, 16),
});

const sampleAnnouncement = (random: SeededRandom): SampleAnnouncement => ({
  round: drawCount(random, 1e9),
  text: `${name(random)} "\u00e9\ud83d\ude00\n`,
  by: peer(random),
});

const past = (random: SeededRandom): Past => ({
  records: drawList(random, 8, () => recordAnnouncement(random)),
  curve: drawList(random, 12, () => ({
    round: drawCount(random, 1e9),
    train: loss(random),
    validation: maybe(random, loss(random)),
  })),
});

/** The readers say undefined, not why. */
const reader =
  <T>(read: (text: string) => T | undefined) =>
  (bytes: Bytes): Decoded<T> => {
    const text = textOf(bytes);
    const found = read(text);
    return found === undefined ? refused(isJson(text) ? 'wrong shape' : 'not JSON') : accepted(found);
  };

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** What the shared document announces, and its readers. */
export const announcementTargets: readonly FuzzTarget[] = [
  jsonTarget<Presence, Presence>('announced-presence', {
    generate: presence,
    decode: reader((text) => readPresence(parsed(text))),
    encode: (value) => utf8(JSON.stringify(value)),
    notJson: ['not JSON'],
  }),
  jsonTarget<RecordAnnouncement, RecordAnnouncement>('announced-record', {
    generate: recordAnnouncement,
    decode: reader(readRecord),
    encode: (value) => utf8(JSON.stringify(value)),
    notJson: ['not JSON'],
  }),
  jsonTarget<SampleAnnouncement, SampleAnnouncement>('announced-sample', {
    generate: sampleAnnouncement,
    decode: reader(readSample),
    encode: (value) => utf8(JSON.stringify(value)),
    notJson: ['not JSON'],
  }),
  jsonTarget<unknown, Past>('announced-past', {
    generate: (random) => JSON.parse(writePast(past(random))) as unknown,
    decode: reader(readPast),
    encode: (value) => utf8(writePast(value)),
    rounds: true,
    notJson: ['not JSON'],
  }),
];
