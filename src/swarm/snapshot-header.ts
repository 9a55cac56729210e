import { equalBytes, type Bytes } from '../base/bytes.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { pieceCount } from './merkle.ts';
import type { SnapshotMessage } from './protocol.ts';

/** A snapshot as a peer announces it, with the Merkle root that we computed of its leaves. */
export interface SnapshotHeader {
  readonly round: number;
  readonly record: Digest;
  readonly state: string;
  readonly totalBytes: number;
  readonly leaves: readonly Bytes[];
  readonly context: Bytes;
  readonly root: Digest;
}

/** Whether two peers announce the same snapshot. The leaves agree if the roots do. */
export const sameHeader = (a: SnapshotHeader, b: SnapshotHeader): boolean =>
  a === b ||
  (a.root === b.root &&
    a.round === b.round &&
    a.record === b.record &&
    a.state === b.state &&
    a.totalBytes === b.totalBytes &&
    equalBytes(a.context, b.context));

/** Why no honest peer announces this, or undefined. Looked at before anything of its size is allocated or hashed. */
export function headerProblem(
  { totalBytes, leaves }: Pick<SnapshotMessage, 'totalBytes' | 'leaves'>,
  maxBytes: number,
): string | undefined {
  if (totalBytes > maxBytes) return 'snapshot-too-long';
  if (totalBytes < 1) return 'snapshot-empty';
  if (leaves.length !== pieceCount(totalBytes) || leaves.some((leaf) => leaf.length !== 32))
    return 'snapshot-leaves';
  return undefined;
}

export interface Announcement {
  readonly peer: PeerId;
  readonly header: SnapshotHeader;
}

/**
 * The header that most peers announce, so that one liar among several is outvoted; with equal numbers the one that more of
 * `prefer` announce, then the higher round, then the lower root, state and record.
 */
export function pickHeader(
  announcements: readonly Announcement[],
  prefer: ReadonlySet<PeerId>,
): SnapshotHeader | undefined {
  const groups: { readonly header: SnapshotHeader; votes: number; preferred: number }[] = [];
  for (const { peer, header } of announcements) {
    let group = groups.find((one) => sameHeader(one.header, header));
    if (group === undefined) groups.push((group = { header, votes: 0, preferred: 0 }));
    group.votes++;
    if (prefer.has(peer)) group.preferred++;
  }
  groups.sort(
    (a, b) =>
      b.votes - a.votes ||
      b.preferred - a.preferred ||
      b.header.round - a.header.round ||
      compare(a.header.root, b.header.root) ||
      compare(a.header.state, b.header.state) ||
      compare(a.header.record, b.header.record),
  );
  return groups[0]?.header;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
