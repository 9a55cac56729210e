import { concatBytes, fromHex, toHex, type Bytes } from '../base/bytes.ts';
import type { Digest } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import { limits, protocolVersion } from './protocol.ts';

/**
 * Blobs are bytes named by their SHA-256: a run's text, or weights it starts from. These messages travel over the same links as
 * those of the swarm, but are taken out before it sees them (blob-exchange.ts), because a volunteer needs the text before it
 * has a seat. None is signed: a blob proves itself.
 */
export type BlobMessage =
  /** Asks for a blob; answered with `blob` or `no-blob`. */
  | { readonly kind: 'want-blob'; readonly digest: Digest }
  /** What was asked for. Whether the bytes have the digest is for the receiver to check. */
  | { readonly kind: 'blob'; readonly digest: Digest; readonly bytes: Bytes }
  /** "I do not have this, or not yet." */
  | { readonly kind: 'no-blob'; readonly digest: Digest };
export type BlobKind = BlobMessage['kind'];

/** Kinds by their number on the wire, in one row with those of protocol.ts: a number is never used again. */
export const blobKindNumbers: Readonly<Record<BlobKind, number>> = {
  'want-blob': 16,
  blob: 17,
  'no-blob': 18,
};

/** A blob is one message, as long as a piece of a snapshot at most. What is longer is cut into blobs, and a list of them. */
export const mostBlobBytes = limits.pieceBytes;

const digestBytes = 32;
const headBytes = 1 + digestBytes;
const kindByHeader: ReadonlyMap<number, BlobKind> = new Map(
  Object.entries(blobKindNumbers).map(([kind, number]): [number, BlobKind] => [
    (protocolVersion << 5) | number,
    kind as BlobKind,
  ]),
);

/** Whether a message is one of these, going by its first byte. */
export const isBlobMessage = (bytes: Uint8Array): boolean => kindByHeader.has(bytes[0] ?? -1);

export function encodeBlobMessage(message: BlobMessage): Bytes {
  const digest = fromHex(message.digest);
  invariant(digest?.length === digestBytes, 'a digest is 64 hex digits');
  const head = Uint8Array.of((protocolVersion << 5) | blobKindNumbers[message.kind]);
  return message.kind === 'blob' ? concatBytes(head, digest, message.bytes) : concatBytes(head, digest);
}

/** Decodes hostile bytes; never throws. A blob's bytes are a copy, and whether they have its digest is not checked here. */
export function decodeBlobMessage(bytes: Uint8Array): Decoded<BlobMessage> {
  const kind = kindByHeader.get(bytes[0] ?? -1);
  if (kind === undefined) return refused('message-unknown-kind');
  const length = bytes.length - headBytes;
  if (length < 0) return refused(`${kind}-malformed`);
  const digest = toHex(bytes.subarray(1, headBytes)) as Digest;
  if (kind !== 'blob') return length === 0 ? accepted({ kind, digest }) : refused(`${kind}-malformed`);
  if (length < 1 || length > mostBlobBytes) return refused('blob-malformed');
  return accepted({ kind, digest, bytes: new Uint8Array(bytes.subarray(headBytes)) });
}
