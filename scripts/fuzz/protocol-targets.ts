import { concatBytes, type Bytes } from '../../src/base/bytes.ts';
import type { Digest, PeerId } from '../../src/base/ids.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import { accepted, type Decoded } from '../../src/base/verdict.ts';
import { decodeContexts, encodeContexts, type ChainContext } from '../../src/swarm/chain-context.ts';
import { publicKeyBytes, signatureBytes } from '../../src/swarm/identity.ts';
import { decodeMessage, encodeUnsigned } from '../../src/swarm/protocol-codec.ts';
import {
  isSignedKind,
  kindNumbers,
  limits,
  type Kind,
  type Message,
  type WireCertificate,
} from '../../src/swarm/protocol.ts';
import type { Weight } from '../../src/swarm/swarm-api.ts';
import { draw, drawBytes, drawCount, drawHex, drawList, oneIn } from './draw.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateValue } from './mutate-values.ts';
import { fuzzTarget, type FuzzTarget } from './target.ts';

const peer = (random: SeededRandom): PeerId => drawHex(random, 16) as PeerId;
const digest = (random: SeededRandom): Digest => drawHex(random, 32) as Digest;
const round = (random: SeededRandom): number => drawCount(random, limits.round);
const key = (random: SeededRandom): Bytes => drawBytes(random, publicKeyBytes);
const signature = (random: SeededRandom): Bytes => drawBytes(random, signatureBytes);
const loss = (random: SeededRandom): number => Math.fround(draw(random, 10_000) / 100);
const indices = (random: SeededRandom, most: number): number[] =>
  [...new Set(drawList(random, most, () => draw(random, oneIn(random, 2) ? 8 : limits.members)))].sort(
    (a, b) => a - b,
  );

const certificate = (random: SeededRandom, recordRound: number): WireCertificate => ({
  round: recordRound - draw(random, Math.min(recordRound + 1, 64)),
  state: drawHex(random, 16),
  votes: indices(random, 6).map((voter) => ({
    voter,
    clean: oneIn(random, 2),
    signature: signature(random),
  })),
});

/** A valid message of each kind; a kind that is added to the protocol does not compile here until it is made too. */
const generators: { readonly [K in Kind]: (random: SeededRandom) => Extract<Message, { kind: K }> } = {
  hello: (random) => ({
    kind: 'hello',
    publicKey: key(random),
    wantsMembership: oneIn(random, 2),
    stand: oneIn(random, 3)
      ? undefined
      : {
          head: round(random),
          tip: digest(random),
          oldest: round(random),
          final: round(random),
          epoch: drawCount(random, limits.epoch),
        },
  }),
  contribution: (random) => ({
    kind: 'contribution',
    round: round(random),
    author: peer(random),
    weight: (1 + draw(random, 4)) as Weight,
    tokens: drawCount(random, limits.tokens),
    loss: loss(random),
    validationLoss: oneIn(random, 2) ? undefined : loss(random),
    payload: drawBytes(random, draw(random, 100)),
  }),
  have: (random) => ({ kind: 'have', round: round(random), digest: digest(random) }),
  record(random) {
    const own = round(random);
    const authors = indices(random, 6);
    return {
      kind: 'record',
      round: own,
      parent: digest(random),
      leader: peer(random),
      parentState: drawHex(random, 16),
      authors,
      bodies: authors.length === 0 ? undefined : digest(random),
      joinKeys: oneIn(random, 2) ? [] : drawList(random, 3, () => key(random)),
      goodbyes: oneIn(random, 2)
        ? []
        : drawList(random, 2, () => ({
            author: peer(random),
            joined: round(random),
            round: round(random),
            record: digest(random),
            signature: signature(random),
          })),
      absent: oneIn(random, 2) ? [] : drawList(random, 3, () => peer(random)),
      certificate: oneIn(random, 3) ? undefined : certificate(random, own),
      snapshot: oneIn(random, 2) ? undefined : { round: round(random), root: digest(random) },
      epochChange: oneIn(random, 8),
    };
  },
  confirm: (random) => ({
    kind: 'confirm',
    round: round(random),
    record: digest(random),
    state: drawHex(random, 16),
    clean: oneIn(random, 2),
  }),
  join: (random) => ({ kind: 'join', round: round(random), publicKey: key(random) }),
  leave: (random) => ({
    kind: 'leave',
    round: round(random),
    record: digest(random),
    joined: round(random),
    author: peer(random),
  }),
  'want-contribution': (random) => ({
    kind: 'want-contribution',
    round: round(random),
    digest: digest(random),
  }),
  'want-record': (random) => ({ kind: 'want-record', round: round(random) }),
  'want-snapshot': () => ({ kind: 'want-snapshot' }),
  snapshot(random) {
    const pieces = 1 + draw(random, 4);
    return {
      kind: 'snapshot',
      round: round(random),
      record: digest(random),
      state: drawHex(random, 16),
      totalBytes: (pieces - 1) * limits.pieceBytes + 1 + draw(random, limits.pieceBytes),
      leaves: Array.from({ length: pieces }, () => drawBytes(random, 32)),
      context: drawBytes(random, draw(random, 60)),
    };
  },
  'want-piece': (random) => ({ kind: 'want-piece', root: digest(random), index: round(random) }),
  piece: (random) => ({
    kind: 'piece',
    root: digest(random),
    index: round(random),
    bytes: drawBytes(random, 1 + draw(random, 100)),
  }),
  'want-named': (random) => ({ kind: 'want-named', round: round(random), record: digest(random) }),
  named: (random) => ({
    kind: 'named',
    round: round(random),
    record: digest(random),
    digests: drawList(random, 4, () => digest(random)),
  }),
};

/** A message and the signature that follows it on the wire. */
interface Signed {
  readonly message: Message;
  readonly signature: Bytes | undefined;
}

const onWire = ({ message, signature: end }: Signed): Bytes =>
  end === undefined ? encodeUnsigned(message) : concatBytes(encodeUnsigned(message), end);

function decodeSigned(bytes: Bytes): Decoded<Signed> {
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) return decoded;
  const { message, unsigned, signature: end } = decoded.value;
  if (unsigned.length + (end?.length ?? 0) !== bytes.length) throw new Error('bytes are missing or extra');
  return accepted({ message, signature: end });
}

/** The encoder writes indices as bits and trusts that they are below 256. */
function encodable(message: Message): Message {
  if (message.kind !== 'record') return message;
  const { authors, certificate: found } = message;
  return {
    ...message,
    authors: authors.map((index) => index & 255),
    certificate: found && {
      ...found,
      votes: found.votes.map((vote) => ({ ...vote, voter: vote.voter & 255 })),
    },
  };
}

const headerReasons = ['message-empty', 'protocol-version', 'message-unknown-kind'];

const messageTarget = (kind: Kind): FuzzTarget<Signed, Signed> =>
  fuzzTarget<Signed, Signed>({
    name: `message-${kind}`,
    firstGuard: 'its header names this version and a kind',
    share: kind === 'record' ? 1 : 1 / 3,
    canonical: true,
    sample(random) {
      const message = generators[kind](random);
      const value = { message, signature: isSignedKind(kind) ? signature(random) : undefined };
      return { value, bytes: onWire(value) };
    },
    mutate(random, sample, other) {
      let { bytes } = sample;
      const inFields = oneIn(random, 2);
      if (inFields) {
        const changed = mutateValue(random, sample.value.message, 'wire') as Message;
        try {
          bytes = onWire({ ...sample.value, message: encodable(changed) });
        } catch {
          // Not everything that has the right types has bytes.
        }
      }
      if (!inFields || bytes === sample.bytes || oneIn(random, 4))
        bytes = mutateBytes(random, bytes, other.bytes, { head: 1, stride: 1 });
      return bytes;
    },
    decode: decodeSigned,
    isPast: (_bytes, outcome) => outcome.ok || !headerReasons.includes(outcome.reason),
    encode: onWire,
  });

function contexts(random: SeededRandom): readonly ChainContext[] {
  const people = Array.from({ length: 1 + draw(random, 4) }, () => ({
    id: peer(random),
    publicKey: key(random),
  }));
  people.sort((a, b) => (a.id < b.id ? -1 : 1));
  const electorates = (most: number) =>
    Array.from({ length: 1 + draw(random, most) }, () => ({
      since: draw(random, 100),
      voters: people.filter((_, index) => index === 0 || oneIn(random, 2)),
    }));
  const first = 1 + draw(random, 1_000_000);
  const records = Array.from({ length: 4 }, () => digest(random));
  return Array.from({ length: 1 + draw(random, 3) }, (_, index) => {
    const certified = draw(random, first + 1);
    return {
      round: first + index,
      record: records[index + 1] ?? digest(random),
      parent: records[index] ?? digest(random),
      members: people.map((one) => ({ ...one, joinedRound: draw(random, first), missed: draw(random, 4) })),
      certified,
      final: draw(random, certified + 1),
      ballot: electorates(2),
      electorates: electorates(2),
      epoch: draw(random, 3),
      snapshot: oneIn(random, 2) ? undefined : { round: draw(random, first), root: digest(random) },
    };
  });
}

const contextTarget = fuzzTarget<readonly ChainContext[], readonly ChainContext[]>({
  name: 'snapshot-context',
  firstGuard: 'holds one context or more, but not too many',
  share: 1 / 4,
  canonical: true,
  sample(random) {
    const value = contexts(random);
    return { value, bytes: encodeContexts(value) };
  },
  mutate(random, sample, other) {
    let { bytes } = sample;
    if (oneIn(random, 2)) {
      try {
        bytes = encodeContexts(mutateValue(random, sample.value, 'wire') as readonly ChainContext[]);
      } catch {
        // Not everything that has the right types has bytes.
      }
    }
    return bytes === sample.bytes || oneIn(random, 4)
      ? mutateBytes(random, bytes, other.bytes, { head: 1, stride: 1 })
      : bytes;
  },
  decode: decodeContexts,
  isPast: (bytes) => bytes[0] !== undefined && bytes[0] >= 1 && bytes[0] <= 65,
  encode: encodeContexts,
});

const kinds = Object.keys(kindNumbers) as Kind[];

export const protocolTargets: readonly FuzzTarget[] = [...kinds.map(messageTarget), contextTarget];
