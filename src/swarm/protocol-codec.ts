import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { invariant, unreachable } from '../base/invariant.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import { publicKeyBytes, signatureBytes } from './identity.ts';
import {
  isSignedKind,
  kindNumbers,
  limits,
  protocolVersion,
  type Kind,
  type Message,
  type RecordMessage,
  type WireCertificate,
} from './protocol.ts';
import type { CountedContribution, Weight } from './swarm-api.ts';
import { malformed, readUint } from './varint.ts';

/** A decoded message. For signed kinds `signature` covers `unsigned` (see signedBytes). */
export interface Envelope {
  readonly message: Message;
  readonly unsigned: Uint8Array;
  readonly signature: Bytes | undefined;
}

/** The message without its signature: for unsigned kinds, all of it. */
export function encodeUnsigned(message: Message): Bytes {
  const out = encoding.createEncoder();
  encoding.writeUint8(out, (protocolVersion << 5) | kindNumbers[message.kind]);
  write(out, message);
  return encoding.toUint8Array(out);
}

/** Decodes hostile bytes. Every range is checked and every byte accounted for; never throws. Signatures are not verified. */
export function decodeMessage(bytes: Uint8Array): Decoded<Envelope> {
  const header = bytes[0];
  if (header === undefined) return refused('message-empty');
  if (header >> 5 !== protocolVersion) return refused('protocol-version');
  const kind = kindByNumber.get(header & 31);
  if (kind === undefined) return refused('message-unknown-kind');
  const end = bytes.length - (isSignedKind(kind) ? signatureBytes : 0);
  if (end < 1) return refused(`${kind}-malformed`);
  const unsigned = bytes.subarray(0, end);
  try {
    const reader = new Reader(unsigned);
    const message = read(reader, kind);
    if (reader.left !== 0) return refused(`${kind}-malformed`);
    return accepted({ message, unsigned, signature: isSignedKind(kind) ? bytes.slice(end) : undefined });
  } catch {
    return refused(`${kind}-malformed`);
  }
}

const kindByNumber: ReadonlyMap<number, Kind> = new Map(
  Object.entries(kindNumbers).map(([kind, number]): [number, Kind] => [number, kind as Kind]),
);

function write(out: encoding.Encoder, message: Message): void {
  switch (message.kind) {
    case 'hello':
      encoding.writeUint8Array(out, message.publicKey);
      encoding.writeUint8(out, (message.wantsMembership ? 1 : 0) | (message.stand === undefined ? 0 : 2));
      if (message.stand !== undefined) {
        encoding.writeVarUint(out, message.stand.head);
        writeHex(out, message.stand.tip);
        encoding.writeVarUint(out, message.stand.oldest);
        encoding.writeVarUint(out, message.stand.final);
        encoding.writeVarUint(out, message.stand.epoch);
      }
      return;
    case 'contribution':
      encoding.writeVarUint(out, message.round);
      writeHex(out, message.author);
      writeMeasures(out, message);
      encoding.writeUint8Array(out, message.payload); // its length is what is left
      return;
    case 'have':
    case 'want-contribution':
      encoding.writeVarUint(out, message.round);
      writeHex(out, message.digest);
      return;
    case 'record':
      encoding.writeVarUint(out, message.round);
      writeHex(out, message.parent);
      writeHex(out, message.leader);
      writeHex(out, message.parentState);
      encoding.writeUint8(
        out,
        (message.bodies === undefined ? 0 : 1) |
          (message.certificate === undefined ? 0 : 2) |
          (message.snapshot === undefined ? 0 : 4) |
          (message.epochChange ? 8 : 0) |
          (message.joinKeys.length + message.goodbyes.length + message.absent.length === 0 ? 0 : 16),
      );
      if (message.bodies !== undefined) {
        writeBits(out, message.authors);
        writeHex(out, message.bodies);
      }
      if (message.certificate !== undefined) writeCertificate(out, message.round, message.certificate);
      if (message.snapshot !== undefined) {
        encoding.writeVarUint(out, message.snapshot.round);
        writeHex(out, message.snapshot.root);
      }
      writeMembership(out, message);
      return;
    case 'confirm':
      encoding.writeVarUint(out, message.round);
      writeHex(out, message.record);
      writeHex(out, message.state);
      encoding.writeUint8(out, message.clean ? 1 : 0);
      return;
    case 'join':
      encoding.writeVarUint(out, message.round);
      encoding.writeUint8Array(out, message.publicKey);
      return;
    case 'leave':
      encoding.writeVarUint(out, message.round);
      writeHex(out, message.record);
      encoding.writeVarUint(out, message.joined);
      writeHex(out, message.author);
      return;
    case 'want-record':
      encoding.writeVarUint(out, message.round);
      return;
    case 'want-snapshot':
      return;
    case 'want-named':
      encoding.writeVarUint(out, message.round);
      writeHex(out, message.record);
      return;
    case 'named':
      encoding.writeVarUint(out, message.round);
      writeHex(out, message.record);
      encoding.writeVarUint(out, message.digests.length);
      for (const digest of message.digests) writeHex(out, digest);
      return;
    case 'snapshot':
      encoding.writeVarUint(out, message.round);
      writeHex(out, message.record);
      writeHex(out, message.state);
      encoding.writeVarUint(out, message.totalBytes);
      for (const leaf of message.leaves) encoding.writeUint8Array(out, leaf); // as many as totalBytes says
      encoding.writeUint8Array(out, message.context); // its length is what is left
      return;
    case 'want-piece':
      writeHex(out, message.root);
      encoding.writeVarUint(out, message.index);
      return;
    case 'piece':
      writeHex(out, message.root);
      encoding.writeVarUint(out, message.index);
      encoding.writeUint8Array(out, message.bytes);
      return;
    default:
      unreachable(message);
  }
}

type Measures = Pick<CountedContribution, 'weight' | 'tokens' | 'loss' | 'validationLoss'>;

/** Flags (bits 0-1: weight - 1; bit 2: a validation loss follows), tokens, loss f32, validation loss f32. */
function writeMeasures(out: encoding.Encoder, { weight, tokens, loss, validationLoss }: Measures): void {
  encoding.writeUint8(out, (weight - 1) | (validationLoss === undefined ? 0 : 4));
  encoding.writeVarUint(out, tokens);
  encoding.writeFloat32(out, loss);
  if (validationLoss !== undefined) encoding.writeFloat32(out, validationLoss);
}

/** Increasing indices below 256 as a bitmap: its length in bytes, then bit i of byte i / 8. No trailing zero byte. */
function writeBits(out: encoding.Encoder, indices: readonly number[]): void {
  const last = indices.at(-1);
  const bits = new Uint8Array(last === undefined ? 0 : (last >> 3) + 1);
  for (const index of indices) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
  encoding.writeVarUint(out, bits.length);
  encoding.writeUint8Array(out, bits);
}

/** The round as a distance back from the record's, because it is nearly always 1. */
function writeCertificate(out: encoding.Encoder, round: number, { votes, ...rest }: WireCertificate): void {
  encoding.writeVarUint(out, round - rest.round);
  writeHex(out, rest.state);
  writeBits(
    out,
    votes.map(({ voter }) => voter),
  );
  writeBits(
    out,
    votes.flatMap(({ clean }, i) => (clean ? [i] : [])),
  );
  for (const { signature } of votes) encoding.writeUint8Array(out, signature);
}

/** Nothing at all where nobody comes or goes, as in nearly every record. */
function writeMembership(out: encoding.Encoder, { joinKeys, goodbyes, absent }: RecordMessage): void {
  if (joinKeys.length + goodbyes.length + absent.length === 0) return;
  encoding.writeVarUint(out, joinKeys.length);
  for (const key of joinKeys) encoding.writeUint8Array(out, key);
  encoding.writeVarUint(out, goodbyes.length);
  for (const { author, joined, round, record, signature } of goodbyes) {
    writeHex(out, author);
    encoding.writeVarUint(out, joined);
    encoding.writeVarUint(out, round);
    writeHex(out, record);
    encoding.writeUint8Array(out, signature);
  }
  encoding.writeVarUint(out, absent.length);
  for (const peer of absent) writeHex(out, peer);
}

function writeHex(out: encoding.Encoder, hex: string): void {
  const bytes = fromHex(hex);
  invariant(bytes !== undefined, 'ids and digests are hex');
  encoding.writeUint8Array(out, bytes);
}

function read(reader: Reader, kind: Kind): Message {
  switch (kind) {
    case 'hello': {
      const publicKey = reader.bytes(publicKeyBytes);
      const flags = reader.u8(3);
      return {
        kind,
        publicKey,
        wantsMembership: (flags & 1) !== 0,
        stand:
          (flags & 2) === 0
            ? undefined
            : {
                head: reader.round(),
                tip: reader.digest(),
                oldest: reader.uint(limits.round + 1),
                final: reader.round(),
                epoch: reader.uint(limits.epoch),
              },
      };
    }
    case 'contribution':
      return {
        kind,
        round: reader.round(),
        author: reader.peer(),
        ...reader.measures(),
        payload: reader.bytes(reader.left),
      };
    case 'have':
    case 'want-contribution':
      return { kind, round: reader.round(), digest: reader.digest() };
    case 'record':
      return readRecord(reader);
    case 'confirm':
      return {
        kind,
        round: reader.round(),
        record: reader.digest(),
        state: reader.hex(16),
        clean: reader.u8(1) === 1,
      };
    case 'join':
      return { kind, round: reader.round(), publicKey: reader.bytes(publicKeyBytes) };
    case 'leave':
      return {
        kind,
        round: reader.round(),
        record: reader.digest(),
        joined: reader.round(),
        author: reader.peer(),
      };
    case 'want-record':
      return { kind, round: reader.round() };
    case 'want-snapshot':
      return { kind };
    case 'want-named':
      return { kind, round: reader.round(), record: reader.digest() };
    case 'named':
      return {
        kind,
        round: reader.round(),
        record: reader.digest(),
        digests: reader.list(() => reader.digest()),
      };
    case 'snapshot': {
      const [round, record, state] = [reader.round(), reader.digest(), reader.hex(16)];
      const totalBytes = reader.uint(limits.snapshotBytes);
      const count = Math.ceil(totalBytes / limits.pieceBytes);
      if (count < 1 || count * 32 > reader.left) throw malformed;
      const leaves = Array.from({ length: count }, () => reader.bytes(32));
      return { kind, round, record, state, totalBytes, leaves, context: reader.bytes(reader.left) };
    }
    case 'want-piece':
      return { kind, root: reader.digest(), index: reader.uint(limits.round) };
    case 'piece': {
      const [root, index] = [reader.digest(), reader.uint(limits.round)];
      const length = reader.left;
      if (length < 1 || length > limits.pieceBytes) throw malformed;
      return { kind, root, index, bytes: reader.bytes(length) };
    }
    default:
      return unreachable(kind);
  }
}

function readRecord(reader: Reader): RecordMessage {
  const round = reader.round();
  const parent = reader.digest();
  const leader = reader.peer();
  const parentState = reader.hex(16);
  const flags = reader.u8(31);
  const authors = (flags & 1) === 0 ? [] : reader.bits();
  const bodies = (flags & 1) === 0 ? undefined : reader.digest();
  if (bodies !== undefined && authors.length === 0) throw malformed;
  const certificate = (flags & 2) === 0 ? undefined : readCertificate(reader, round);
  const snapshot = (flags & 4) === 0 ? undefined : { round: reader.round(), root: reader.digest() };
  const changes = (flags & 16) !== 0;
  const joinKeys = changes ? reader.list(() => reader.bytes(publicKeyBytes)) : [];
  const goodbyes = changes
    ? reader.list(() => ({
        author: reader.peer(),
        joined: reader.round(),
        round: reader.round(),
        record: reader.digest(),
        signature: reader.bytes(signatureBytes),
      }))
    : [];
  const absent = changes ? reader.list(() => reader.peer()) : [];
  if (changes && joinKeys.length + goodbyes.length + absent.length === 0) throw malformed;
  const lists = { authors, bodies, joinKeys, goodbyes, absent };
  const epochChange = (flags & 8) !== 0;
  return {
    ...{ kind: 'record', round, parent, leader, parentState },
    ...lists,
    ...{ certificate, snapshot, epochChange },
  };
}

function readCertificate(reader: Reader, recordRound: number): WireCertificate {
  const round = recordRound - reader.uint(recordRound);
  const state = reader.hex(16);
  const voters = reader.bits();
  const clean = new Set(reader.bits());
  for (const index of clean) if (index >= voters.length) throw malformed;
  const votes = voters.map((voter, i) => ({
    voter,
    clean: clean.has(i),
    signature: reader.bytes(signatureBytes),
  }));
  return { round, state, votes };
}

/** lib0's decoder with the bounds it leaves out. Throws on anything out of range; decodeMessage catches. */
class Reader {
  readonly #in: decoding.Decoder;
  readonly #length: number;

  constructor(bytes: Uint8Array) {
    this.#in = decoding.createDecoder(bytes);
    this.#length = bytes.length;
    this.#in.pos = 1; // past the header
  }

  get left(): number {
    return this.#length - this.#in.pos;
  }

  #need(count: number): void {
    if (count > this.left) throw malformed;
  }

  u8(most: number): number {
    this.#need(1);
    const value = decoding.readUint8(this.#in);
    if (value > most) throw malformed;
    return value;
  }

  /** In its shortest form only: what a record quotes is encoded anew before its signature is verified. */
  uint(most: number): number {
    return readUint(this.#in, most);
  }

  round(): number {
    return this.uint(limits.round);
  }

  digest(): Digest {
    return this.hex(32) as Digest;
  }

  peer(): PeerId {
    return this.hex(16) as PeerId;
  }

  /** The indices that writeBits wrote; one byte string for each set. */
  bits(): number[] {
    const length = this.uint(limits.members / 8);
    const bits = this.bytes(length);
    if (length > 0 && bits[length - 1] === 0) throw malformed;
    return Array.from({ length: 8 * length }, (_, i) => i).filter(
      (i) => ((bits[i >> 3] ?? 0) & (1 << (i & 7))) !== 0,
    );
  }

  bytes(count: number): Bytes {
    this.#need(count);
    return new Uint8Array(decoding.readUint8Array(this.#in, count));
  }

  hex(count: number): string {
    this.#need(count);
    return toHex(decoding.readUint8Array(this.#in, count));
  }

  loss(): number {
    this.#need(4);
    const value = decoding.readFloat32(this.#in);
    if (!(value >= 0 && value <= limits.loss)) throw malformed;
    return value;
  }

  measures(): Measures {
    const bits = this.u8(7);
    return {
      weight: ((bits & 3) + 1) as Weight,
      tokens: this.uint(limits.tokens),
      loss: this.loss(),
      validationLoss: (bits & 4) === 0 ? undefined : this.loss(),
    };
  }

  list<T>(item: () => T): T[] {
    const count = this.uint(limits.members);
    return Array.from({ length: count }, item);
  }
}
