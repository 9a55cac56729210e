import * as v from 'valibot';
import { isPeerId, type PeerId } from '../base/ids.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import { recordingLimits as most, type RecordedRound, type Recording } from './recording.ts';

/**
 * The file of a recording: JSON, a column for each thing that is known of rounds, so that neighbours are alike and pack well.
 * Times and rounds are steps from the one before, peers are places in the list of peers, null is what is not known.
 */
const format = 'starling-recording';
const version = 1;

const count = (high: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(high));
const round = count(1e9);
const ms = count(most.ms);
const bytes = count(1e15);
const loss = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1e3));
const positive = v.pipe(v.number(), v.finite(), v.minValue(0));
const peerId = v.custom<PeerId>(isPeerId);
const text = (characters: number) => v.pipe(v.string(), v.maxLength(characters));
/** Its length is looked at first: to judge millions of items takes memory. */
const list = <T>(item: v.GenericSchema<T>, longest: number) =>
  v.pipe(
    v.custom<unknown[]>((value) => Array.isArray(value) && value.length <= longest),
    v.array(item),
  );
const column = <T>(item: v.GenericSchema<T>) => list(item, most.rounds);
const perhaps = <T>(item: v.GenericSchema<T>) => column(v.nullable(item));
const place = count(most.peers - 1);

const columns = v.strictObject({
  at: column(ms),
  round: column(round),
  leader: column(place),
  members: perhaps(count(1e6)),
  counted: column(count(1e6)),
  tokens: column(count(1e12)),
  train: perhaps(loss),
  validation: perhaps(loss),
  state: column(v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))),
  roundMs: perhaps(positive),
  bytesUp: perhaps(bytes),
  bytesDown: perhaps(bytes),
  messageBytes: perhaps(bytes),
  payloadBytes: perhaps(bytes),
  ownTokensPerSecond: perhaps(positive),
  gradientNorm: perhaps(positive),
});

const file = v.strictObject({
  format: v.literal(format),
  version: v.literal(version),
  recordedOn: v.pipe(v.string(), v.regex(/^\d{4}-\d{2}-\d{2}$/)),
  seenBy: v.picklist(['viewer', 'volunteer']),
  room: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)),
  run: v.strictObject({
    preset: v.picklist(['nano', 'micro', 'small']),
    parameters: count(1e12),
    seed: count(0xffffffff),
    startedBy: peerId,
  }),
  past: list(v.strictTuple([round, loss, v.nullable(loss)]), most.past),
  peers: list(v.strictTuple([peerId, text(120), v.boolean()]), most.peers),
  rounds: columns,
  samples: list(v.strictTuple([ms, round, text(most.sampleCharacters)]), most.samples),
  company: list(
    v.strictTuple([ms, place, v.nullable(text(32)), v.boolean(), v.nullable(positive)]),
    most.company,
  ),
});

type File = v.InferOutput<typeof file>;

/** A recording as the text of its file. Losses keep four decimals, times whole ms: nobody sees more of them. */
export function writeRecording(recording: Recording): string {
  const { recordedOn, seenBy, room, run, past, peers, rounds, samples, company } = recording;
  const places = new Map(peers.map(({ id }, at) => [id, at]));
  const placeOf = (id: PeerId): number => places.get(id) ?? 0;
  const maybe = (read: (one: RecordedRound) => number | undefined, decimals: number): (number | null)[] =>
    rounds.map((one) => short(read(one), decimals));
  const written: File = {
    format,
    version,
    recordedOn,
    seenBy,
    room,
    run,
    past: past.map((point) => [point.round, short(point.train, 4) ?? 0, short(point.validation, 4)]),
    peers: peers.map(({ id, adapter, software }) => [id, adapter, software]),
    rounds: {
      at: steps(rounds.map(({ atMs }) => Math.round(atMs))),
      round: steps(rounds.map((one) => one.round)),
      leader: rounds.map(({ leader }) => placeOf(leader)),
      members: maybe(({ members }) => members, 0),
      counted: rounds.map(({ counted }) => counted),
      tokens: rounds.map(({ tokens }) => tokens),
      train: maybe(({ train }) => train, 4),
      validation: maybe(({ validation }) => validation, 4),
      state: rounds.map(({ state }) => state),
      roundMs: maybe(({ roundMs }) => roundMs, 0),
      bytesUp: maybe(({ bytesUp }) => bytesUp, 0),
      bytesDown: maybe(({ bytesDown }) => bytesDown, 0),
      messageBytes: maybe(({ messageBytes }) => messageBytes, 0),
      payloadBytes: maybe(({ payloadBytes }) => payloadBytes, 0),
      ownTokensPerSecond: maybe(({ ownTokensPerSecond }) => ownTokensPerSecond, 1),
      gradientNorm: maybe(({ gradientNorm }) => gradientNorm, 5),
    },
    samples: samples.map((one) => [Math.round(one.atMs), one.round, one.text]),
    company: company.map(({ atMs, id, doing, member, tokensPerSecond }) => [
      ...([Math.round(atMs), placeOf(id), doing ?? null] as const),
      ...([member, short(tokensPerSecond, 1)] as const),
    ]),
  };
  return JSON.stringify(written);
}

/** Reads the text of a file that anyone may have made. */
export function readRecording(written: string): Decoded<Recording> {
  if (written.length > most.characters) return refused('recording too long');
  let json: unknown;
  try {
    json = JSON.parse(written);
  } catch {
    return refused('recording is not JSON');
  }
  if (isNewer(json)) return refused('recording of a newer version');
  const parsed = v.safeParse(file, json, { abortEarly: true });
  if (!parsed.success) return refused('recording has the wrong shape');
  return build(parsed.output);
}

function build(found: File): Decoded<Recording> {
  const { rounds: columns, recordedOn, seenBy, room, run } = found;
  const length = columns.round.length;
  if (length === 0) return refused('recording without rounds');
  if (Object.values(columns).some((one) => one.length !== length))
    return refused('recording with uneven columns');
  const peers = found.peers.map(([id, adapter, software]) => ({ id, adapter, software }));
  if (new Set(peers.map(({ id }) => id)).size !== peers.length) return refused('recording with a peer twice');
  const ats = sums(columns.at);
  const numbers = sums(columns.round);
  const rounds: RecordedRound[] = [];
  for (let i = 0; i < length; i++) {
    const leader = peers[columns.leader[i] ?? 0]?.id;
    if (leader === undefined) return refused('recording names an unknown peer');
    const at = <T>(values: readonly (T | null)[]): T | undefined => values[i] ?? undefined;
    rounds.push({
      ...{ atMs: ats[i] ?? 0, round: numbers[i] ?? 0, leader },
      ...{ members: at(columns.members), counted: columns.counted[i] ?? 0, tokens: columns.tokens[i] ?? 0 },
      ...{ train: at(columns.train), validation: at(columns.validation), state: columns.state[i] ?? '' },
      ...{ roundMs: at(columns.roundMs), bytesUp: at(columns.bytesUp), bytesDown: at(columns.bytesDown) },
      ...{ messageBytes: at(columns.messageBytes), payloadBytes: at(columns.payloadBytes) },
      ...{ ownTokensPerSecond: at(columns.ownTokensPerSecond), gradientNorm: at(columns.gradientNorm) },
    });
  }
  if (columns.round.some((step, i) => i > 0 && step === 0)) return refused('recording with a round twice');
  const end = rounds.at(-1);
  if (end === undefined || end.atMs > most.ms || end.round > 1e9) return refused('recording out of bounds');
  const past = found.past.map(([at, train, validation]) => ({
    ...{ round: at, train, validation: validation ?? undefined },
  }));
  const samples = found.samples.map(([atMs, at, words]) => ({ atMs, round: at, text: words }));
  const company = found.company.flatMap(([atMs, at, doing, member, tokensPerSecond]) => {
    const id = peers[at]?.id;
    const rest = { doing: doing ?? undefined, member, tokensPerSecond: tokensPerSecond ?? undefined };
    return id === undefined ? [] : [{ atMs, id, ...rest }];
  });
  if (company.length !== found.company.length) return refused('recording names an unknown peer');
  const inOrder =
    past.every((point, i) => point.round > (past[i - 1]?.round ?? -1)) &&
    (past.at(-1)?.round ?? -1) < (rounds[0]?.round ?? 0) &&
    [samples, company].every((all) => all.every(({ atMs }, i) => atMs >= (all[i - 1]?.atMs ?? 0)));
  if (!inOrder) return refused('recording out of order');
  return accepted({ recordedOn, seenBy, room, run, past, peers, rounds, samples, company });
}

const isNewer = (json: unknown): boolean =>
  typeof json === 'object' &&
  json !== null &&
  'format' in json &&
  json.format === format &&
  'version' in json &&
  typeof json.version === 'number' &&
  json.version > version;

const short = (value: number | undefined, decimals: number): number | null =>
  value === undefined || !Number.isFinite(value) ? null : Number(value.toFixed(decimals));

/** The first value, then what each adds to the one before. */
const steps = (values: readonly number[]): number[] => values.map((value, i) => value - (values[i - 1] ?? 0));

function sums(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => (sum += value));
}
