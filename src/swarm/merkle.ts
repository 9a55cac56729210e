import { concatBytes, toHex, type Bytes } from '../base/bytes.ts';
import type { Digest } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import { limits } from './protocol.ts';

/** SHA-256, 32 bytes, at once or later. */
export type Hash = (bytes: Bytes) => MaybePromise<Bytes>;

// The tree of RFC 6962, section 2.1: the prefixes keep a piece from posing as an inner node.
const leafPrefix = new Uint8Array([0]);
const innerPrefix = new Uint8Array([1]);

/** Pieces that a snapshot of this many bytes is cut into. */
export const pieceCount = (totalBytes: number): number => Math.ceil(totalBytes / limits.pieceBytes);

/** Bytes [index x 256 KiB, (index + 1) x 256 KiB), the last piece shorter. A view, not a copy. */
export const pieceOf = (bytes: Bytes, index: number): Bytes =>
  bytes.subarray(index * limits.pieceBytes, (index + 1) * limits.pieceBytes);

/** The leaf hash of one piece: SHA-256 of a zero byte and the piece. */
export const hashPiece = (piece: Bytes, sha256: Hash): MaybePromise<Bytes> =>
  sha256(concatBytes(leafPrefix, piece));

/** The leaf hashes of all pieces, in order; at least one byte must be given. One piece is copied at a time. */
export function hashPieces(bytes: Bytes, sha256: Hash): MaybePromise<readonly Bytes[]> {
  invariant(bytes.length > 0, 'a snapshot holds at least one byte');
  return inTurn(pieceCount(bytes.length), (index) => hashPiece(pieceOf(bytes, index), sha256));
}

/**
 * The Merkle tree hash of RFC 6962, section 2.1, over leaf hashes: pairs are hashed level by level, and an odd last node is
 * carried up as it is. At least one leaf must be given. The root fixes the leaves and their number.
 */
export function merkleRoot(leaves: readonly Bytes[], sha256: Hash): MaybePromise<Digest> {
  const [first, second] = leaves;
  invariant(first !== undefined, 'a tree has at least one leaf');
  if (second === undefined) return toHex(first) as Digest;
  const parents = inTurn(Math.ceil(leaves.length / 2), (index) => {
    const [left, right] = leaves.slice(2 * index, 2 * index + 2);
    invariant(left !== undefined, 'a parent has a child');
    return right === undefined ? left : sha256(concatBytes(innerPrefix, left, right));
  });
  return chain(parents, (level) => merkleRoot(level, sha256));
}

/** item(0), item(1), ... each begun when the one before is there: no more than one piece in memory twice. */
function inTurn(count: number, item: (index: number) => MaybePromise<Bytes>): MaybePromise<readonly Bytes[]> {
  const done: Bytes[] = [];
  const goOn = (): MaybePromise<readonly Bytes[]> => {
    while (done.length < count) {
      const next = item(done.length);
      if (next instanceof Promise) {
        return next.then((bytes) => {
          done.push(bytes);
          return goOn();
        });
      }
      done.push(next);
    }
    return done;
  };
  return goOn();
}
