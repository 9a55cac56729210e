import * as v from 'valibot';
import { readName } from '../base/friendly-name.ts';
import { isPeerId, type PeerId } from '../base/ids.ts';

/**
 * What the shared document announces, as plain data. Anyone can write there, so each reader here takes any value and gives
 * undefined for what is not well-formed; nothing that is announced is believed, only shown.
 */

/** What a volunteer or a viewer says of itself. */
export interface Presence {
  readonly id: PeerId;
  /** What its person called it. Anyone can take any name: shown beside the id only. */
  readonly name?: string | undefined;
  readonly adapter: string;
  readonly software: boolean;
  readonly tokensPerSecond: number | undefined;
  readonly state: string;
  readonly round: number;
  readonly member: boolean;
}

/** The head of a record. */
export interface RecordAnnouncement {
  readonly round: number;
  readonly leader: PeerId;
  readonly contributions: number;
  readonly tokens: number;
  /** Mean losses, nats a token. */
  readonly train: number | undefined;
  readonly validation: number | undefined;
  /** Replica state after the record: 32 hex digits. */
  readonly state: string;
}

export interface CurveAnnouncement {
  readonly round: number;
  readonly train: number;
  readonly validation: number | undefined;
}

/** Text the model wrote. */
export interface SampleAnnouncement {
  readonly round: number;
  readonly text: string;
  readonly by: PeerId;
}

/** One look at the shared document. */
export interface Announcements {
  /** Whether another tab that can update the document is connected. */
  readonly connected: boolean;
  /** Whether the document of every connected tab has arrived. */
  readonly synced: boolean;
  /** Whether a signaling server is connected: without one nobody new is met. */
  readonly signaling: boolean;
  readonly config: string | undefined;
  readonly presences: readonly Presence[];
  /** At most 8, oldest first. */
  readonly records: readonly RecordAnnouncement[];
  /** At most 256, by round. */
  readonly curve: readonly CurveAnnouncement[];
  readonly sample: SampleAnnouncement | undefined;
  /** Where the run goes on, by rounds of `roundsPerEpoch`; 0: in the room without a number. */
  readonly epoch: number;
  /** Encoded size of the document; the larger one where two rooms are open. */
  readonly documentBytes: number;
  /** What was refused, by reason. */
  readonly rejections: Readonly<Record<string, number>>;
}

/** Above this a newcomer would not receive the encoded document: design section 3. */
export const documentLimitBytes = 128 << 10;
export const maxConfigCharacters = 16_384;
export const maxRecords = 8;
export const maxCurvePoints = 256;
export const maxSampleCharacters = 500;
/** With their size: what a newcomer is sent of all of them is one message below 128 KiB. */
export const maxPresences = 240;
export const maxPastCharacters = 32_768;
export const maxEpoch = 1_000_000;
/** Rounds after which a fresh room takes over: design section 3. */
export const roundsPerEpoch = 1_000;

const peer = v.custom<PeerId>(isPeerId);
const count = (high: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(high));
const round = count(1e9);
const loss = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1e3));
const state = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
const text = (characters: number) => v.pipe(v.string(), v.maxLength(characters));

const presence = v.object({
  id: peer,
  /** Whatever it is, it costs the rest nothing. */
  name: v.optional(v.unknown()),
  adapter: text(120),
  software: v.boolean(),
  tokensPerSecond: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0))),
  state: text(32),
  round,
  member: v.boolean(),
});
const record = v.object({
  round,
  leader: peer,
  contributions: count(1e6),
  tokens: count(1e12),
  train: v.optional(loss),
  validation: v.optional(loss),
  state,
});
/** Short, for there are many: round, train loss, validation loss or null. */
const curvePoint = v.tuple([round, loss, v.nullable(loss)]);
const sample = v.object({ round, text: text(maxSampleCharacters), by: peer });
const past = v.object({
  records: v.pipe(v.array(record), v.maxLength(maxRecords)),
  curve: v.pipe(v.array(curvePoint), v.maxLength(maxCurvePoints)),
});

function read<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T | undefined {
  const result = v.safeParse(schema, value, { abortEarly: true });
  return result.success ? result.output : undefined;
}

function readJson<T>(schema: v.GenericSchema<unknown, T>, value: unknown, longest = 4096): T | undefined {
  if (typeof value !== 'string' || value.length > longest) return undefined;
  try {
    return read(schema, JSON.parse(value));
  } catch {
    return undefined;
  }
}

export function readPresence(value: unknown): Presence | undefined {
  const found = read(presence, value);
  return found && { ...found, name: readName(found.name), tokensPerSecond: found.tokensPerSecond };
}

/** Whether a presence says a name that is none; it is shown without. Any value may be given. */
export const saysBadName = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  value.name !== undefined &&
  readName(value.name) === undefined;

const withLosses = (found: v.InferOutput<typeof record>): RecordAnnouncement => ({
  ...found,
  train: found.train,
  validation: found.validation,
});

export function readRecord(value: unknown): RecordAnnouncement | undefined {
  const found = readJson(record, value);
  return found && withLosses(found);
}

/** What a page of the document keeps of the pages before it: the last records and the decimated curve. */
export interface Past {
  readonly records: readonly RecordAnnouncement[];
  readonly curve: readonly CurveAnnouncement[];
}

export function readPast(value: unknown): Past | undefined {
  const found = readJson(past, value, maxPastCharacters);
  if (found === undefined) return undefined;
  const curve = found.curve.map(([round, train, validation]) => ({
    round,
    train,
    validation: validation ?? undefined,
  }));
  return { records: found.records.map(withLosses), curve };
}

/** A loss curve needs no more than four decimals. */
const short = (value: number): number => Number(value.toFixed(4));

export const writePast = ({ records, curve }: Past): string =>
  JSON.stringify({
    records,
    curve: curve.map(({ round, train, validation }) => [
      round,
      short(train),
      validation === undefined ? null : short(validation),
    ]),
  });

export function readEpoch(value: unknown): number | undefined {
  return read(count(maxEpoch), value);
}

export function readSample(value: unknown): SampleAnnouncement | undefined {
  return readJson(sample, value);
}

/**
 * The rounds to keep of an ascending list so that at most `limit` remain: those divisible by the smallest power of two that
 * is enough, and the newest. A point kept once is dropped only when the list has doubled.
 */
export function decimate(rounds: readonly number[], limit: number): readonly number[] {
  let kept = rounds;
  for (let stride = 2; kept.length > limit; stride *= 2) {
    kept = rounds.filter((round, index) => round % stride === 0 || index === rounds.length - 1);
    if (stride > 1e9) return kept.slice(-limit);
  }
  return kept;
}
