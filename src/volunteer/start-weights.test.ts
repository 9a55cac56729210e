import { describe, expect, it } from 'vitest';
import { equalBytes, type Bytes } from '../base/bytes.ts';
import { digestOf } from '../base/digest.ts';
import { stateDigestReference } from '../compression/state-digest.ts';
import { presets } from '../model/config.ts';
import { initialParameters } from '../model/parameters.ts';
import { mostBlobBytes } from '../swarm/blob-codec.ts';
import {
  cutStart,
  readStartList,
  startListBytes,
  startOf,
  startPieceBytes,
  startPieces,
} from './start-weights.ts';

const values = initialParameters(presets.nano, 5);
const parameters: Bytes = new Uint8Array(values.slice().buffer);

describe('weights a run starts from', () => {
  it('are cut into blobs that put them together again, and named by the digest of the replica', async () => {
    const { start, blobs } = await cutStart(parameters);
    expect(start.bytes).toBe(parameters.length);
    expect(start.state).toBe(stateDigestReference(values));
    const list = blobs.get(start.root) ?? new Uint8Array();
    expect(list.length).toBe(startListBytes(start.bytes));
    const read = readStartList(list, start);
    const whole = new Uint8Array(start.bytes);
    const pieces = read.ok ? read.value : [];
    expect(pieces.length).toBe(startPieces(start.bytes));
    for (const [index, digest] of pieces.entries()) {
      const piece = blobs.get(digest) ?? new Uint8Array();
      expect(await digestOf(piece)).toBe(digest);
      expect(piece.length).toBe(startPieceBytes(start.bytes, index));
      whole.set(piece, index * mostBlobBytes);
    }
    expect(equalBytes(whole, parameters)).toBe(true);
    expect(blobs.size).toBe(pieces.length + 1);
  });

  it('are not believed of a list of another length', async () => {
    const { start, blobs } = await cutStart(parameters);
    const list = blobs.get(start.root) ?? new Uint8Array();
    expect(readStartList(list.subarray(1), start).ok).toBe(false);
    expect(readStartList(list, { ...start, bytes: start.bytes + mostBlobBytes }).ok).toBe(false);
  });

  it('are asked for only where a run has any, with a word of what to do where they cannot be had', async () => {
    expect(startOf(undefined, undefined)).toBeUndefined();
    const { start } = await cutStart(parameters);
    await expect(startOf(start, undefined)?.weights()).rejects.toMatchObject({ code: 'start-unreachable' });
    expect(await startOf(start, () => Promise.resolve(parameters))?.weights()).toBe(parameters);
  });
});
