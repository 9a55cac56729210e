import { utf8, type Bytes } from '../../src/base/bytes.ts';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import type { Digest, PeerId } from '../../src/base/ids.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import { accepted, refused, type Decoded } from '../../src/base/verdict.ts';
import { canonicalManifest, parseManifest, type CorpusManifest } from '../../src/data/manifest.ts';
import { presets } from '../../src/model/config.ts';
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
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeMessage,
  type ClientMessage,
  type ServerMessage,
} from '../../src/swarm/signaling-protocol.ts';
import { decodeSignal, type MeshSignal, type SignalBody } from '../../src/swarm/webrtc-transport-signals.ts';
import { readRunConfig, type RunConfig } from '../../src/volunteer/run-config.ts';
import { draw, drawCount, drawHex, drawList, oneIn, pick } from './draw.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { jsonText, mutateValue } from './mutate-values.ts';
import { fuzzTarget, type FuzzTarget } from './target.ts';

const textOf = (bytes: Bytes): string => new TextDecoder().decode(bytes);

/** A target whose input is JSON text; past the first guard is what parses as JSON. */
function jsonTarget<S, V>(
  name: string,
  parts: Pick<FuzzTarget<S, V>, 'encode'> &
    Partial<Pick<FuzzTarget<S, V>, 'share' | 'rounds' | 'problem'>> & {
      readonly generate: (random: SeededRandom) => S;
      /** The JSON of a sample, fields still apart. */
      readonly json?: (value: S) => unknown;
      readonly decode: (bytes: Bytes) => Decoded<V> | Promise<Decoded<V>>;
      /** Reasons of the first guard. */
      readonly notJson: readonly string[];
    },
): FuzzTarget<S, V> {
  const { generate, notJson, json = (value: S): unknown => value, ...rest } = parts;
  return fuzzTarget<S, V>({
    name,
    firstGuard: 'parses as JSON within the longest length',
    ...rest,
    sample(random) {
      const value = generate(random);
      return { value, bytes: utf8(jsonText(json(value))) };
    },
    mutate(random, sample, other) {
      let { bytes } = sample;
      const inFields = !oneIn(random, 5);
      if (inFields) {
        let value: unknown = sample.value;
        for (let left = pick(random, [1, 1, 1, 2]); left > 0; left--)
          value = mutateValue(random, value, 'json');
        bytes = utf8(jsonText(isObject(value) ? json(value as S) : value));
      }
      if (!inFields || oneIn(random, 10)) bytes = mutateBytes(random, bytes, other.bytes);
      return bytes;
    },
    isPast: (_bytes, outcome) => outcome.ok || !notJson.includes(outcome.reason),
  });
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const peer = (random: SeededRandom): PeerId => drawHex(random, 16) as PeerId;
const digest = (random: SeededRandom): Digest => drawHex(random, 32) as Digest;
const maybe = <T>(random: SeededRandom, value: T): T | undefined => (oneIn(random, 3) ? undefined : value);
const loss = (random: SeededRandom): number => draw(random, 1_000_000) / 100_000;
const name = (random: SeededRandom): string => drawHex(random, 1 + draw(random, 8));

function clientMessage(random: SeededRandom): ClientMessage {
  switch (draw(random, 4)) {
    case 0:
      return { type: 'ping' };
    case 1:
      return { type: 'subscribe', topics: drawList(random, 4, () => name(random)) };
    case 2:
      return { type: 'unsubscribe', topics: drawList(random, 4, () => name(random)) };
    default:
      return { type: 'publish', topic: name(random), clients: draw(random, 9), data: signal(random) };
  }
}

const serverMessage = (random: SeededRandom): ServerMessage =>
  oneIn(random, 4)
    ? { type: 'pong' }
    : { type: 'publish', topic: name(random), clients: draw(random, 9), data: signal(random) };

const signaling = (write: (value: never) => string | undefined) => (value: unknown) => {
  const text = write(value as never);
  return text === undefined ? undefined : utf8(text);
};

/** A signal with its payload still apart. */
interface OpenSignal {
  readonly key: string;
  readonly signature: string;
  readonly payload: { readonly session: string; readonly to: MeshSignal['to']; readonly body: SignalBody };
}

const self = 'ab'.repeat(16) as PeerId;

function signalBody(random: SeededRandom): SignalBody {
  const link = drawCount(random, 1e9);
  switch (draw(random, 4)) {
    case 0:
      return { kind: 'announce' };
    case 1:
      return { kind: 'hello', link };
    case 2:
      return { kind: pick(random, ['offer', 'answer']), link, sdp: `v=0\r\na=${drawHex(random, 200)}\r\n` };
    default:
      return {
        kind: 'candidate',
        link,
        candidate: `candidate:${name(random)} 1 udp 2113937151 127.0.0.1 ${draw(random, 65_536)} typ host`,
        sdpMid: oneIn(random, 4) ? null : '0',
        sdpMLineIndex: oneIn(random, 4) ? null : draw(random, 256),
      };
  }
}

function signal(random: SeededRandom): OpenSignal {
  const body = signalBody(random);
  const to =
    body.kind === 'announce'
      ? undefined
      : { peer: oneIn(random, 8) ? peer(random) : self, session: drawHex(random, 16) };
  const payload = { session: drawHex(random, 16), to, body };
  return { key: drawHex(random, 32), signature: drawHex(random, 64), payload };
}

const signalEnvelope = ({ key, signature, payload, ...others }: OpenSignal): unknown => ({
  ...others,
  starling: 1,
  key,
  signature,
  payload: typeof payload === 'object' ? jsonText(payload) : payload,
});

/** Every signature is right here, and a hash is 32 zeros: what comes after them is what is attacked. */
const lenientCrypto = {
  verify: () => Promise.resolve(true),
  sha256: () => Promise.resolve(new Uint8Array(32)),
};

/** A signal as it was decoded, with the key it came with. */
interface HeardSignal {
  readonly key: string;
  readonly signal: MeshSignal | undefined;
}

async function decodeHeard(bytes: Bytes): Promise<Decoded<HeardSignal>> {
  let data: unknown;
  try {
    data = JSON.parse(textOf(bytes));
  } catch {
    return refused('not JSON');
  }
  const decoded = await decodeSignal(data, 'room', self, lenientCrypto);
  return decoded.ok ? accepted({ key: (data as { key: string }).key, signal: decoded.value }) : decoded;
}

const presence = (random: SeededRandom): Presence => ({
  id: peer(random),
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

function runConfig(random: SeededRandom): RunConfig {
  const preset = pick(random, ['nano', 'micro', 'small'] as const);
  const model = presets[preset];
  let round = 0;
  return {
    version: 1,
    preset,
    model,
    tokenizer: 'bytes',
    corpus: digest(random),
    strategy: {
      name: 'distro',
      k: 1 + draw(random, 31),
      momentumDecayPermille: draw(random, 1000),
      schedule: Array.from({ length: 1 + draw(random, 6) }, (_, index) => {
        if (index > 0) round += 1 + draw(random, 1000);
        return [round, draw(random, 1 + (1 << 13))] as const;
      }),
      decayPermille: draw(random, 101),
    },
    seed: random.u32(),
    microBatch: 1 + draw(random, 64),
    tokensPerRound: model.context + draw(random, 100_000),
    computeBudgetMs: 100 + draw(random, 3_000_000),
    roundDeadlineMs: 500 + draw(random, 3_000_000),
    minMembers: 1 + draw(random, 64),
    endRound: oneIn(random, 2) ? null : 1 + drawCount(random, 1e9 - 1),
    validationEvery: 1 + draw(random, 1000),
    validationSequences: 1 + draw(random, 4_096),
    founder: peer(random),
  };
}

function manifest(random: SeededRandom): CorpusManifest {
  const shards = Array.from({ length: 1 + draw(random, 5) }, () => ({
    digest: digest(random),
    bytes: 1 + drawCount(random, (16 << 20) - 1),
    split: pick(random, ['train', 'validation'] as const),
    documents: drawList(random, 3, () => name(random)),
  }));
  const total = (split: 'train' | 'validation') =>
    shards.reduce((sum, shard) => sum + (shard.split === split ? shard.bytes : 0), 0);
  return {
    version: 1,
    separator: '\n',
    notes: drawList(random, 2, () => name(random)),
    sources: drawList(random, 2, () => ({
      name: name(random),
      package: name(random),
      packageVersion: '1.0.0',
      licence: 'public domain',
      documents: draw(random, 100),
      bytes: drawCount(random, 2 ** 31),
    })),
    shards,
    totals: {
      documents: draw(random, 100),
      trainBytes: total('train'),
      validationBytes: total('validation'),
    },
  };
}

export const jsonTargets: readonly FuzzTarget[] = [
  jsonTarget<ClientMessage, ClientMessage>('signaling-client-message', {
    generate: clientMessage,
    decode: (bytes) => decodeClientMessage(textOf(bytes)),
    encode: signaling(encodeMessage),
    rounds: true, // 1e400 reads as infinity, which is written as null
    notJson: ['not JSON'],
  }),
  jsonTarget<ServerMessage, ServerMessage>('signaling-server-message', {
    generate: serverMessage,
    decode: (bytes) => decodeServerMessage(textOf(bytes)),
    encode: signaling(encodeMessage),
    rounds: true, // 1e400 reads as infinity, which is written as null
    notJson: ['not JSON'],
  }),
  jsonTarget<OpenSignal, HeardSignal>('mesh-signal', {
    generate: signal,
    json: signalEnvelope,
    decode: decodeHeard,
    encode: ({ key, signal: heard }) =>
      heard &&
      utf8(
        jsonText(
          signalEnvelope({
            key,
            signature: '00'.repeat(64),
            payload: { session: heard.session, to: heard.to, body: heard.body },
          }),
        ),
      ),
    notJson: ['not JSON'],
  }),
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
  jsonTarget<RunConfig, RunConfig>('run-config', {
    generate: runConfig,
    decode: (bytes) => readRunConfig(textOf(bytes)),
    encode: (value) => utf8(canonicalJson(value)),
    notJson: ['config too long', 'config is not JSON'],
  }),
  jsonTarget<CorpusManifest, CorpusManifest>('corpus-manifest', {
    generate: manifest,
    decode: parseManifest,
    encode: canonicalManifest,
    notJson: ['manifest too long', 'manifest is not JSON'],
  }),
];
