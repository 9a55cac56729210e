import { concatBytes, fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { digestOf } from '../base/digest.ts';
import { StarlingError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import { stateDigestReference } from '../compression/state-digest.ts';
import { mostBlobBytes } from '../swarm/blob-codec.ts';

/**
 * The weights a run starts from, where those are not drawn from its seed. They travel as blobs: pieces, and the list of their
 * digests, which `root` names. A run that has none says nothing, so that ids of runs are what they were before there was this.
 */
export interface RunStart {
  /** SHA-256 of the list. */
  readonly root: Digest;
  /** 32 hex digits: the digest of the replica with these weights, which record 0 names as its parent's state. */
  readonly state: string;
  /** Of all pieces: 4 for each parameter. */
  readonly bytes: number;
}

const digestBytes = 32;

/** How many pieces weights of this many bytes are cut into. */
export const startPieces = (bytes: number): number => Math.ceil(bytes / mostBlobBytes);

/** The length of the list of their digests. */
export const startListBytes = (bytes: number): number => digestBytes * startPieces(bytes);

/** How long piece `index` is. */
export const startPieceBytes = (bytes: number, index: number): number =>
  Math.min(mostBlobBytes, bytes - index * mostBlobBytes);

/** A replica's snapshot as what a run names, and the blobs that others are given. */
export async function cutStart(
  parameters: Bytes,
): Promise<{ readonly start: RunStart; readonly blobs: ReadonlyMap<Digest, Bytes> }> {
  const blobs = new Map<Digest, Bytes>();
  const digests: Bytes[] = [];
  for (let at = 0; at < parameters.length; at += mostBlobBytes) {
    const piece = parameters.slice(at, at + mostBlobBytes);
    const digest = await digestOf(piece);
    blobs.set(digest, piece);
    digests.push(fromHex(digest) ?? new Uint8Array());
  }
  const list = concatBytes(...digests);
  const root = await digestOf(list);
  blobs.set(root, list);
  const state = stateDigestReference(new Float32Array(parameters.slice().buffer));
  return { start: { root, state, bytes: parameters.length }, blobs };
}

/** The digests of the pieces, in order. Any bytes may be given. */
export function readStartList(list: Uint8Array, { bytes }: RunStart): Decoded<readonly Digest[]> {
  if (list.length !== startListBytes(bytes)) return refused('list of another length');
  return accepted(
    Array.from(
      { length: startPieces(bytes) },
      (_, i) => toHex(list.subarray(i * digestBytes, (i + 1) * digestBytes)) as Digest,
    ),
  );
}

/** Fetches weights; with an aborted `enough`, what is not asked for yet is not any more, and it rejects. */
export type FetchStart = (start: RunStart, enough?: AbortSignal) => Promise<Bytes>;

/** What a volunteer begins from, where that is not what the run's seed gives. */
export interface StartingPoint {
  /** As RunStart. */
  readonly state: string;
  readonly weights: (enough?: AbortSignal) => Promise<Bytes>;
}

/** What a volunteer begins from, as its street needs it; undefined where the run's seed says it all. */
export function startOf(
  start: RunStart | undefined,
  fetchStart: FetchStart | undefined,
): StartingPoint | undefined {
  if (start === undefined) return undefined;
  const weights: StartingPoint['weights'] = (enough) =>
    fetchStart?.(start, enough) ??
    Promise.reject(
      new StarlingError(
        'start-unreachable',
        'This run starts from a model that cannot be fetched here.',
        'Join when the run has begun: the model then comes from the other volunteers.',
      ),
    );
  return { state: start.state, weights };
}
