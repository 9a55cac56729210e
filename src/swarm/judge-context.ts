import { toHex, type Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import type { Exchange } from './exchange.ts';
import type { SwarmCrypto } from './identity.ts';
import type { Ledger } from './ledger.ts';
import type { MessagePace } from './message-pace.ts';
import type { Envelope } from './protocol-codec.ts';
import { signedBytes } from './protocol.ts';
import type { RoundEvent, RoundState } from './round-state.ts';
import type { SnapshotClient } from './snapshot-client.ts';
import type { SnapshotServer } from './snapshot-server.ts';
import type { SwarmRules } from './swarm-api.ts';

/** What judging a message needs of the volunteer. */
export interface JudgeContext {
  readonly rules: SwarmRules;
  readonly crypto: SwarmCrypto;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly exchange: Exchange;
  readonly server: SnapshotServer;
  readonly client: SnapshotClient;
  readonly pace: MessagePace;
  readonly state: RoundState;
  dispatch(event: RoundEvent): void;
  /** Keeps a message until its round is in progress. */
  park(from: PeerId, round: number, raw: Bytes): void;
  /** Keeps the signed message of a record that may be accepted. */
  keepRecord(record: Digest, raw: Bytes): void;
  /** Keeps a record until its parent is here; false where its sender has no place left. */
  keepOrphan(from: PeerId, parent: Digest, raw: Bytes): boolean;
  /** This record was taken: those that wait for it are judged. */
  adopted(record: Digest): void;
  sendRaw(to: PeerId, raw: Bytes): void;
  sendHello(to: PeerId): void;
  sendNamed(to: PeerId, round: number, record: Digest, digests: readonly Digest[]): void;
}

export const digestOfRaw = ({ crypto }: Pick<JudgeContext, 'crypto'>, raw: Bytes): MaybePromise<Digest> =>
  chain(crypto.sha256(raw), (bytes) => toHex(bytes) as Digest);

export const verifySigned = (
  { rules, crypto }: Pick<JudgeContext, 'rules' | 'crypto'>,
  key: Bytes,
  unsigned: Uint8Array,
  signature: Bytes,
): MaybePromise<boolean> => crypto.verify(key, signedBytes(rules.runId, unsigned), signature);

export const isSigned = (
  context: JudgeContext,
  key: Bytes,
  { unsigned, signature }: Envelope,
): MaybePromise<boolean> =>
  signature === undefined ? false : verifySigned(context, key, unsigned, signature);

/** Of a member of our chain's head, a linked peer, or a member that another record since the final one knows. */
export function keyOf(state: RoundState, peer: PeerId): Bytes | undefined {
  const known = state.members.find(({ id }) => id === peer)?.publicKey ?? state.links.get(peer)?.publicKey;
  if (known !== undefined) return known;
  for (const { context } of state.nodes.values()) {
    const member = context.members.find(({ id }) => id === peer);
    if (member !== undefined) return member.publicKey;
  }
  return undefined;
}
