// Messages to flood with, from a peer that is linked and known: of every kind one that costs its receiver something.
import type { Bytes } from '../../src/base/bytes.ts';
import type { Digest, RunId } from '../../src/base/ids.ts';
import { encodeUnsigned } from '../../src/swarm/protocol-codec.ts';
import { isSignedKind, type Kind, type Message, type SignedMessage } from '../../src/swarm/protocol.ts';
import type { Scene } from './lies.ts';
import { signed } from './tapped-transport.ts';

/** What is signed is signed rightly, but for joins. `root`: of a snapshot that was announced to us; `index` tells one message from the next. */
export async function floodOf(kind: Kind, scene: Scene, root: Digest, index: number): Promise<Bytes> {
  const message = messageOf(kind, scene, root, index);
  return isSignedKind(kind)
    ? signed(message as SignedMessage, scene.identity, kind === 'join' ? otherRun : scene.run)
    : encodeUnsigned(message);
}

/** A join that is rightly signed would let us in again. */
const otherRun = 'cd'.repeat(32) as RunId;
const zeros = '0'.repeat(32);

function messageOf(kind: Kind, { identity, view, payload }: Scene, root: Digest, index: number): Message {
  const { round, digest } = view.ledger.at(-1)?.record ?? { round: 0, digest: root };
  const { id: author, publicKey } = identity;
  switch (kind) {
    case 'want-piece':
      return { kind, root, index };
    case 'want-record':
      return { kind, round: Math.max(0, round - index) };
    case 'want-snapshot':
      return { kind };
    case 'have':
    case 'want-contribution':
      return { kind, round: round + 1, digest };
    case 'want-named':
      return { kind, round, record: digest };
    case 'named':
      return { kind, round, record: digest, digests: [digest] };
    case 'hello':
      return { kind, publicKey, stand: undefined, wantsMembership: true };
    case 'snapshot':
      return {
        ...{ kind, round, record: digest, state: zeros, totalBytes: 1 },
        ...{ leaves: [new Uint8Array(32)], context: new Uint8Array(1) },
      };
    case 'piece':
      return { kind, root, index, bytes: new Uint8Array(1 << 10) };
    case 'join':
      return { kind, round, publicKey };
    case 'leave':
      return { kind, author, joined: 1_000, round, record: digest };
    case 'confirm':
      return { kind, round, record: digest, state: zeros, clean: true };
    case 'contribution':
      return {
        ...{ kind, round: round + 1, author, weight: 4, tokens: 1, loss: 1, validationLoss: undefined },
        payload: payload(),
      };
    case 'record':
      return {
        ...{ kind, round: round + 1, parent: digest, leader: author, parentState: zeros },
        ...{ authors: [], bodies: undefined, joinKeys: [], goodbyes: [], absent: [] },
        ...{ certificate: undefined, snapshot: undefined, epochChange: false },
      };
  }
}
