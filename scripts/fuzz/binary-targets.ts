import { utf8, type Bytes } from '../../src/base/bytes.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import { accepted, refused } from '../../src/base/verdict.ts';
import { blockLayout, type BlockLayout } from '../../src/compression/blocks.ts';
import {
  decodeUpdate,
  encodeUpdate,
  maxPayloadBytes,
  type SparseUpdate,
} from '../../src/compression/sparse-update.ts';
import { readPageOptions, type PageOptions } from '../../src/hosts/page-options.ts';
import { presets } from '../../src/model/config.ts';
import { decodeParameters, parameterLayout, type ParameterLayout } from '../../src/model/parameters.ts';
import { framesOf, maxFrameBytes, Reassembler } from '../../src/swarm/framing.ts';
import { requestPath } from '../../signaling-server/static-files.ts';
import { draw, drawHex, oneIn, pick } from './draw.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { fuzzTarget, type FuzzTarget } from './target.ts';

/** Two blocks of a matrix and two of gains: every case of the format in a few dozen bytes. */
const smallLayout = blockLayout([
  { name: 'matrix', kind: 'matrix', rows: 64, cols: 128, offset: 0 },
  { name: 'gains', kind: 'gains', rows: 1, cols: 128, offset: 8192 },
]);

function randomUpdate(random: SeededRandom, layout: BlockLayout, k: number): SparseUpdate {
  const starts = new Uint32Array(layout.blocks + 1);
  const [indices, negative]: [number[], number[]] = [[], []];
  for (const { size, blocks, firstBlock } of layout.parameters) {
    for (let block = firstBlock; block < firstBlock + blocks; block++) {
      const chosen = new Set(Array.from({ length: draw(random, k + 1) }, () => draw(random, size)));
      indices.push(...[...chosen].sort((a, b) => a - b));
      starts[block + 1] = indices.length;
    }
  }
  for (let i = 0; i < indices.length; i++) negative.push(draw(random, 2));
  return { starts, indices: Uint16Array.from(indices), negative: Uint8Array.from(negative) };
}

function sparseUpdate(name: string, layout: BlockLayout, k: number, share: number): FuzzTarget<SparseUpdate> {
  const countBits = 32 - Math.clz32(k);
  return fuzzTarget<SparseUpdate, SparseUpdate>({
    name,
    firstGuard: 'not too long, and the first block counts no more than k',
    share,
    canonical: true,
    sample(random) {
      const value = randomUpdate(random, layout, k);
      return { value, bytes: encodeUpdate(layout, k, value) };
    },
    mutate(random, { bytes }, other) {
      // The counts are spread over the payload, so half of all mutants change bits only.
      if (!oneIn(random, 2)) return mutateBytes(random, bytes, other.bytes, { head: 1, stride: 1 });
      const copy = new Uint8Array(bytes);
      for (let flips = 1 + draw(random, 2); flips > 0; flips--)
        copy[draw(random, copy.length)] ^= 1 << draw(random, 8);
      return copy;
    },
    decode: (bytes) => decodeUpdate(layout, k, bytes),
    isPast: (bytes) =>
      bytes.length <= maxPayloadBytes(layout, k) && ((bytes[0] ?? 0) & ((1 << countBits) - 1)) <= k,
    encode: (value) => encodeUpdate(layout, k, value),
    problem: ({ starts, indices, negative }) =>
      starts.length === layout.blocks + 1 &&
      indices.length === negative.length &&
      starts.at(-1) === indices.length
        ? undefined
        : 'its arrays do not fit each other',
  });
}

/**
 * Frames are long, so an input describes them, 10 bytes a frame: flag, length (u32), bytes 1 to 4, and the byte that fills
 * the rest. Mutating the description lies about every length there is.
 */
const described = 10;
const framingLimit = 200_000;
const frameMemory = new Uint8Array(maxFrameBytes + 8);

function describeFrames(messages: readonly Bytes[]): Bytes {
  const frames = messages.flatMap((message) => [...framesOf(message)]);
  const bytes = new Uint8Array(described * frames.length);
  frames.forEach((frame, index) => {
    const entry = new DataView(bytes.buffer, described * index, described);
    entry.setUint8(0, frame[0] ?? 0);
    entry.setUint32(1, frame.length, true);
    for (let i = 0; i < 4; i++) entry.setUint8(5 + i, frame[1 + i] ?? 0);
    entry.setUint8(9, frame[5] ?? 0);
  });
  return bytes;
}

/** The frames of a description, in memory that the next one uses again. */
function* framesDescribed(bytes: Bytes): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at + described <= bytes.length; at += described) {
    const entry = new DataView(bytes.buffer, bytes.byteOffset + at, described);
    const frame = frameMemory.subarray(0, Math.min(entry.getUint32(1, true), frameMemory.length));
    frame.fill(entry.getUint8(9));
    frame.set([entry.getUint8(0), ...bytes.subarray(at + 5, at + 9)].slice(0, frame.length));
    yield frame;
  }
}

const framing = fuzzTarget<readonly Bytes[], readonly Bytes[]>({
  name: 'framing',
  firstGuard: 'the first frame is taken',
  share: 1 / 64,
  sample(random) {
    const value = Array.from({ length: 1 + draw(random, 3) }, () => {
      const length = oneIn(random, 2)
        ? draw(random, 100)
        : pick(random, [65_535, 65_536, 131_066, 150_000, framingLimit]);
      return new Uint8Array(length).fill(draw(random, 256));
    });
    return { value, bytes: describeFrames(value) };
  },
  mutate: (random, { bytes }, other) =>
    mutateBytes(random, bytes, other.bytes, { head: described, stride: described }),
  decode(bytes) {
    const reassembler = new Reassembler(framingLimit);
    const messages: Bytes[] = [];
    let underWay: Uint8Array[] = [];
    let pushed = 0;
    for (const frame of framesDescribed(bytes)) {
      underWay.push(frame.slice());
      pushed += frame.length;
      const outcome = reassembler.push(frame);
      if (reassembler.heldBytes > Math.min(pushed, framingLimit))
        throw new Error('holds more than it was sent');
      if (outcome.kind === 'rejected') return refused(outcome.reason);
      if (outcome.kind === 'partial') continue;
      const own = [...framesOf(outcome.bytes)];
      const same =
        own.length === underWay.length &&
        own.every((each, i) => Buffer.compare(each, underWay[i] ?? each) === 0);
      if (!same) throw new Error('a message came of frames that are not its own');
      messages.push(outcome.bytes);
      [underWay, pushed] = [[], 0];
    }
    return reassembler.expectedBytes === undefined ? accepted(messages) : refused('message unfinished');
  },
  isPast(bytes) {
    for (const frame of framesDescribed(bytes))
      return new Reassembler(framingLimit).push(frame).kind !== 'rejected';
    return false;
  },
  encode: describeFrames,
  inputBytes: (bytes) =>
    Array.from(framesDescribed(bytes)).reduce((sum, frame) => sum + frame.length, bytes.length),
});

/** Snapshots of a model of 40 numbers: their check knows nothing of sizes but the layout. */
const tinyLayout: ParameterLayout = {
  ...parameterLayout(presets.nano),
  specs: [
    { name: 'matrix', kind: 'matrix', rows: 4, cols: 8, offset: 0 },
    { name: 'gains', kind: 'gains', rows: 1, cols: 8, offset: 32 },
  ],
  length: 40,
};

const parameters = fuzzTarget<Float32Array, Float32Array>({
  name: 'snapshot-parameters',
  firstGuard: 'has the length of the model',
  canonical: true,
  sample(random) {
    const value = Float32Array.from({ length: 40 }, (_, index) => {
      const q = pick(random, [0, 1, -1, draw(random, 1 << 24), -draw(random, 1 << 24), (1 << 24) - 1]);
      return (q === 0 ? 0 : q) / 2 ** (index < 32 ? 22 : 20);
    });
    return { value, bytes: new Uint8Array(value.slice().buffer) };
  },
  mutate(random, { bytes }, other) {
    if (oneIn(random, 4)) return mutateBytes(random, bytes, other.bytes, { head: 0, stride: 4 });
    const copy = new Uint8Array(bytes);
    const words = new DataView(copy.buffer);
    const at = 4 * draw(random, 40);
    if (oneIn(random, 2)) copy[at + draw(random, 4)] ^= 1 << draw(random, 8);
    else
      words.setFloat32(at, pick(random, [NaN, Infinity, -Infinity, -0, 4, -4, 16, 2 ** -23, 1e-45, 1]), true);
    return copy;
  },
  decode: (bytes) => decodeParameters(tinyLayout, bytes),
  isPast: (bytes) => bytes.length === 160,
  encode: (value) => new Uint8Array(value.slice().buffer),
});

const searchOf = ({
  room,
  preset,
  seed,
  volunteers,
  rounds,
  k,
  ratePercent,
  precision,
}: PageOptions): Bytes =>
  utf8(
    `?run=${room}&preset=${preset}&volunteers=${volunteers}` +
      (seed === undefined ? '' : `&seed=${seed}`) +
      (rounds === undefined ? '' : `&rounds=${rounds}`) +
      (k === undefined ? '' : `&k=${k}`) +
      (ratePercent === undefined ? '' : `&rate=${ratePercent}`) +
      (precision === undefined ? '' : `&precision=${precision}`),
  );

const pageOptions = fuzzTarget<PageOptions, PageOptions>({
  name: 'page-options',
  firstGuard: 'an option besides its default is read',
  share: 0.5,
  sample(random) {
    const value: PageOptions = {
      room: drawHex(random, 1 + draw(random, 20)),
      preset: pick(random, ['nano', 'micro', 'small', 'auto']),
      seed: oneIn(random, 2) ? undefined : random.u32(),
      volunteers: 2 + draw(random, 63),
      rounds: oneIn(random, 2) ? undefined : 1 + draw(random, 1e9),
      k: oneIn(random, 2) ? undefined : 1 + draw(random, 31),
      ratePercent: oneIn(random, 2) ? undefined : 10 + draw(random, 390),
      precision: oneIn(random, 2) ? undefined : pick(random, ['f32', 'mixed']),
    };
    return { value, bytes: searchOf(value) };
  },
  mutate: (random, { bytes }, other) => mutateBytes(random, bytes, other.bytes, { head: 5, stride: 1 }),
  decode: (bytes) => accepted(readPageOptions(new TextDecoder().decode(bytes))),
  isPast: (_bytes, outcome) =>
    outcome.ok &&
    (outcome.value.room !== 'main' || outcome.value.preset !== 'auto' || outcome.value.volunteers !== 1),
  encode: searchOf,
  problem: ({ room, volunteers, rounds = 1, seed = 0, k = 8, ratePercent = 100 }) =>
    /^[\w-]{1,64}$/.test(room) &&
    [volunteers, rounds, seed].every(Number.isSafeInteger) &&
    volunteers >= 1 &&
    volunteers <= 64 &&
    rounds >= 1 &&
    rounds <= 1e9 &&
    k >= 1 &&
    k <= 31 &&
    ratePercent >= 10 &&
    ratePercent <= 400
      ? undefined
      : 'an option is out of range',
});

const requestPaths = fuzzTarget<string, string>({
  name: 'request-path',
  firstGuard: 'begins with a slash',
  share: 0.5,
  sample(random) {
    const segments = Array.from({ length: 1 + draw(random, 4) }, () =>
      pick(random, [drawHex(random, 4), 'a%20b', 'caf%C3%A9', 'x.js', '%41', '']),
    );
    const value = `/${segments.join('/')}${pick(random, ['', '?a=1', '#x', '?/../'])}`;
    return { value, bytes: utf8(value) };
  },
  mutate(random, { bytes }, other) {
    const text = new TextDecoder().decode(bytes);
    if (oneIn(random, 2)) return mutateBytes(random, bytes, other.bytes, { head: 1, stride: 1 });
    const bad = pick(random, [
      '..',
      '%2e%2e',
      '%2E.',
      '/..',
      '%2f..',
      '\\',
      '%5c',
      '%00',
      '%',
      '%zz',
      '%c0%ae',
      '.git',
      '//',
    ]);
    const at = 1 + draw(random, text.length);
    return utf8(text.slice(0, at) + bad + text.slice(at));
  },
  decode(bytes) {
    const path = requestPath(new TextDecoder().decode(bytes));
    return path === undefined ? refused('not a path') : accepted(path);
  },
  isPast: (bytes) => bytes[0] === 0x2f,
  encode: (path) => utf8(path.split('/').map(encodeURIComponent).join('/')),
  problem: (path) =>
    // eslint-disable-next-line no-control-regex
    path.startsWith('/') && !/(?:^|\/)\.|[\\\x00-\x1f]/.test(path)
      ? undefined
      : 'a path that may lead elsewhere',
});

const nano = parameterLayout(presets.nano);

export const binaryTargets: readonly FuzzTarget[] = [
  sparseUpdate('sparse-update', smallLayout, 8, 1),
  sparseUpdate('sparse-update-of-nano', blockLayout(nano.specs), 8, 1 / 4),
  framing,
  parameters,
  pageOptions,
  requestPaths,
];
