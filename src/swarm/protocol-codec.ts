import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { invariant, unreachable } from '../base/invariant.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import { publicKeyBytes, signatureBytes } from './identity.ts';
import { isSignedKind, kindNumbers, limits, protocolVersion, type Kind, type Message } from './protocol.ts';
import type { CountedContribution, Weight } from './swarm-api.ts';

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
      encoding.writeVarUint(out, message.head === undefined ? 0 : message.head + 1);
      encoding.writeVarUint(out, message.oldest === undefined ? 0 : message.oldest + 1);
      encoding.writeUint8(out, message.wantsMembership ? 1 : 0);
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
      encoding.writeVarUint(out, message.contributions.length);
      for (const counted of message.contributions) {
        writeHex(out, counted.author);
        writeHex(out, counted.digest);
        writeMeasures(out, counted);
      }
      encoding.writeVarUint(out, message.joinKeys.length);
      for (const key of message.joinKeys) encoding.writeUint8Array(out, key);
      encoding.writeVarUint(out, message.leaves.length);
      for (const peer of message.leaves) writeHex(out, peer);
      return;
    case 'confirm':
      encoding.writeVarUint(out, message.round);
      writeHex(out, message.record);
      writeHex(out, message.state);
      return;
    case 'join':
      encoding.writeVarUint(out, message.round);
      encoding.writeUint8Array(out, message.publicKey);
      return;
    case 'leave':
      encoding.writeVarUint(out, message.round);
      writeHex(out, message.author);
      return;
    case 'want-record':
      encoding.writeVarUint(out, message.round);
      return;
    case 'want-snapshot':
      return;
    case 'snapshot':
      encoding.writeVarUint(out, message.round);
      writeHex(out, message.record);
      writeHex(out, message.state);
      encoding.writeVarUint(out, message.totalBytes);
      encoding.writeVarUint(out, message.members.length);
      for (const member of message.members) {
        encoding.writeUint8Array(out, member.publicKey);
        encoding.writeVarUint(out, member.joinedRound);
      }
      return;
    case 'want-piece':
      encoding.writeVarUint(out, message.round);
      encoding.writeVarUint(out, message.index);
      return;
    case 'piece':
      encoding.writeVarUint(out, message.round);
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

function writeHex(out: encoding.Encoder, hex: string): void {
  const bytes = fromHex(hex);
  invariant(bytes !== undefined, 'ids and digests are hex');
  encoding.writeUint8Array(out, bytes);
}

function read(reader: Reader, kind: Kind): Message {
  switch (kind) {
    case 'hello':
      return {
        kind,
        publicKey: reader.bytes(publicKeyBytes),
        head: reader.optionalRound(),
        oldest: reader.optionalRound(),
        wantsMembership: reader.u8(1) === 1,
      };
    case 'contribution':
      return {
        kind,
        round: reader.round(),
        author: reader.hex(16) as PeerId,
        ...reader.measures(),
        payload: reader.bytes(reader.left),
      };
    case 'have':
    case 'want-contribution':
      return { kind, round: reader.round(), digest: reader.hex(32) as Digest };
    case 'record':
      return {
        kind,
        round: reader.round(),
        parent: reader.hex(32) as Digest,
        leader: reader.hex(16) as PeerId,
        parentState: reader.hex(16),
        contributions: reader.list(() => ({
          author: reader.hex(16) as PeerId,
          digest: reader.hex(32) as Digest,
          ...reader.measures(),
        })),
        joinKeys: reader.list(() => reader.bytes(publicKeyBytes)),
        leaves: reader.list(() => reader.hex(16) as PeerId),
      };
    case 'confirm':
      return { kind, round: reader.round(), record: reader.hex(32) as Digest, state: reader.hex(16) };
    case 'join':
      return { kind, round: reader.round(), publicKey: reader.bytes(publicKeyBytes) };
    case 'leave':
      return { kind, round: reader.round(), author: reader.hex(16) as PeerId };
    case 'want-record':
      return { kind, round: reader.round() };
    case 'want-snapshot':
      return { kind };
    case 'snapshot':
      return {
        kind,
        round: reader.round(),
        record: reader.hex(32) as Digest,
        state: reader.hex(16),
        totalBytes: reader.uint(limits.snapshotBytes),
        members: reader.list(() => ({
          publicKey: reader.bytes(publicKeyBytes),
          joinedRound: reader.round(),
        })),
      };
    case 'want-piece':
      return { kind, round: reader.round(), index: reader.uint(limits.round) };
    case 'piece': {
      const [round, index] = [reader.round(), reader.uint(limits.round)];
      const length = reader.left;
      if (length < 1 || length > limits.pieceBytes) throw malformed;
      return { kind, round, index, bytes: reader.bytes(length) };
    }
    default:
      return unreachable(kind);
  }
}

const malformed = new Error('malformed');

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

  uint(most: number): number {
    const value = decoding.readVarUint(this.#in);
    if (value > most) throw malformed;
    return value;
  }

  round(): number {
    return this.uint(limits.round);
  }

  optionalRound(): number | undefined {
    const value = this.uint(limits.round + 1);
    return value === 0 ? undefined : value - 1;
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
