import type { Bytes } from '../base/bytes.ts';
import { StarlingError } from '../base/errors.ts';
import { readStartList, startListBytes, startPieceBytes, type RunStart } from '../volunteer/start-weights.ts';
import { mostBlobBytes } from '../swarm/blob-codec.ts';
import type { RunBlobs } from './own-text-blobs.ts';
import type { FetchProgress } from './own-text-progress.ts';

/** Pieces asked for at a time, of all peers together. */
const atOnce = 8;

/**
 * The weights a run starts from, put together from their pieces. Rejects with a StarlingError; with `start-not-needed` where
 * `enough` is aborted before all of them were asked for.
 */
export async function fetchStartFrom(
  blobs: RunBlobs,
  start: RunStart,
  progress: FetchProgress,
  enough?: AbortSignal,
): Promise<Bytes> {
  const { root, bytes } = start;
  const fetch = progress.begin('start', 'others');
  fetch.whole(bytes);
  try {
    const list = readStartList(await blobs.get(root, root, startListBytes(bytes)), start);
    if (!list.ok) throw refusal(list.reason);
    const whole = new Uint8Array(bytes);
    const left = [...list.value.entries()];
    const worker = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        if (enough?.aborted === true) throw notNeeded();
        const [index, digest] = next;
        const length = startPieceBytes(bytes, index);
        const piece = await blobs.get(root, digest, length);
        if (piece.length !== length) throw refusal('piece of another length');
        whole.set(piece, index * mostBlobBytes);
        fetch.got(length);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    return whole;
  } catch (thrown) {
    if (!(thrown instanceof StarlingError && thrown.code === 'blob-nowhere')) throw thrown;
    throw new StarlingError(
      'start-nowhere',
      'This run starts from a model that nobody who is here gave for a minute.',
      'Wait until whoever started the run is here, then join again.',
      { cause: thrown },
    );
  } finally {
    fetch.end();
  }
}

const refusal = (why: string): StarlingError =>
  new StarlingError(
    'start-refused',
    `The model this run starts from cannot be used: ${why}.`,
    'Join another run, or start one of your own.',
  );

const notNeeded = (): StarlingError =>
  new StarlingError(
    'start-not-needed',
    'The run has gone on from the model it starts from.',
    'Nothing is to be done.',
  );
