import type { Bytes } from '../base/bytes.ts';
import { all, chain, type MaybePromise } from '../base/maybe-promise.ts';
import { decodeContexts } from './chain-context.ts';
import { peerIdOf, type SwarmCrypto } from './identity.ts';
import type { SnapshotHeader } from './snapshot-header.ts';

/** Why the ledger cannot go on from what a snapshot says of its chain; undefined if it can. */
export function snapshotProblem(
  crypto: SwarmCrypto,
  { round, record, context }: Pick<SnapshotHeader, 'round' | 'record' | 'context'>,
): MaybePromise<string | undefined> {
  const decoded = decodeContexts(context);
  if (!decoded.ok) return decoded.reason;
  const last = decoded.value.at(-1);
  if (last?.round !== round || last.record !== record) return 'snapshot-context';
  const keys = new Map<string, Bytes>();
  for (const { members, ballot, electorates } of decoded.value) {
    const voters = [...ballot, ...electorates].flatMap((electorate) => electorate.voters);
    for (const { id, publicKey } of [...members, ...voters]) keys.set(id, publicKey);
  }
  const checks = [...keys].map(([id, key]) =>
    chain(
      peerIdOf(key, (bytes) => crypto.sha256(bytes)),
      (hashed) => hashed === id,
    ),
  );
  return chain(all(checks), (held) => (held.every(Boolean) ? undefined : 'snapshot-member-key'));
}
