import type { Bytes } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import { slotIndexMask, slotNegative, slotPresent } from '../kernels/top-k.ts';
import { BitReader, BitWriter, bitsFor } from './bits.ts';
import type { BlockLayout } from './blocks.ts';

/**
 * The coefficients one contribution votes on. Entries of block b are [starts[b], starts[b + 1]), their indices strictly
 * increasing.
 */
export interface SparseUpdate {
  /** [blocks + 1] */
  readonly starts: Uint32Array;
  /** [entries], each below the size of its block */
  readonly indices: Uint16Array;
  /** [entries], 1 where the coefficient is negative */
  readonly negative: Uint8Array;
}

/** The largest k the format carries: a block of gains has 64 coefficients. */
export const largestK = 64;

/** Bits of the shortest entry: one of gains. */
const shortestEntry = 6 + 1;

/** Bits of the longest payload there can be. */
function capacityBits(layout: BlockLayout, k: number): number {
  return layout.parameters.reduce(
    (bits, { blocks, size }) => bits + blocks * (bitsFor(k) + k * (bitsFor(size - 1) + 1)),
    0,
  );
}

/** Bytes of the longest payload of a run: every block sends k coefficients. */
export const maxPayloadBytes = (layout: BlockLayout, k: number): number =>
  Math.ceil(capacityBits(layout, k) / 8);

/**
 * A contribution's bytes (design section 5): for each block a count c <= k in bitsFor(k) bits, c strictly increasing indices
 * in 12 bits (gains: 6), then c signs (1 = negative), lowest bit first; the last byte is padded with zeros. No header:
 * everything else is the run's. Each update has exactly one payload.
 */
export function encodeUpdate(layout: BlockLayout, k: number, update: SparseUpdate): Bytes {
  invariant(k >= 1 && k <= largestK, `k = ${k} is in [1, ${largestK}]`);
  invariant(update.starts.length === layout.blocks + 1, 'the update has every block');
  const writer = new BitWriter(capacityBits(layout, k));
  const countBits = bitsFor(k);
  for (const { blocks, size, firstBlock } of layout.parameters) {
    const indexBits = bitsFor(size - 1);
    for (let block = firstBlock; block < firstBlock + blocks; block++) {
      const start = update.starts[block];
      const end = update.starts[block + 1];
      invariant(end - start >= 0 && end - start <= k, 'a block sends at most k coefficients');
      writer.write(end - start, countBits);
      let last = -1;
      for (let n = start; n < end; n++) {
        const index = update.indices[n];
        invariant(index > last && index < size, 'indices increase inside their block');
        writer.write(index, indexBits);
        last = index;
      }
      for (let n = start; n < end; n++) writer.write(update.negative[n] === 0 ? 0 : 1, 1);
    }
  }
  return writer.finish();
}

/**
 * Reads any bytes as a payload of this run. Never throws; what is accepted encodes back to the same bytes. Reasons:
 * `payload too long`, `count above k`, `indices not increasing`, `payload too short`, `padding not zero`.
 */
export function decodeUpdate(layout: BlockLayout, k: number, payload: Uint8Array): Decoded<SparseUpdate> {
  if (payload.length > maxPayloadBytes(layout, k)) return refused('payload too long');
  const reader = new BitReader(payload);
  const countBits = bitsFor(k);
  const starts = new Uint32Array(layout.blocks + 1);
  const room = Math.min(layout.blocks * k, Math.ceil((8 * payload.length) / shortestEntry)) + k;
  const indices = new Uint16Array(room);
  const negative = new Uint8Array(room);
  let entries = 0;
  for (const { blocks, size, firstBlock } of layout.parameters) {
    const indexBits = bitsFor(size - 1);
    for (let block = firstBlock; block < firstBlock + blocks; block++) {
      const count = reader.read(countBits);
      if (count > k) return refused('count above k');
      const end = entries + count;
      let last = -1;
      for (let n = entries; n < end; n++) {
        const index = reader.read(indexBits);
        if (index <= last) return refused(reader.overrun ? 'payload too short' : 'indices not increasing');
        indices[n] = index;
        last = index;
      }
      for (let left = count, n = entries; left > 0; left -= 16) {
        let signs = reader.read(Math.min(left, 16));
        for (let more = Math.min(left, 16); more > 0; more--, signs >>= 1) negative[n++] = signs & 1;
      }
      if (reader.overrun) return refused('payload too short');
      entries = end;
      starts[block + 1] = entries;
    }
  }
  if (reader.unreadBytes > 0) return refused('payload too long');
  if (reader.padding !== 0) return refused('padding not zero');
  return accepted({ starts, indices: indices.slice(0, entries), negative: negative.slice(0, entries) });
}

/**
 * What the top-k kernel chose ([blocks, k] packed slots, in each block the filled ones first) as an update. `amplitudes`, if
 * given, lie beside the slots and are brought, in place, into the order of the update.
 */
export function updateOfSelection(
  layout: BlockLayout,
  k: number,
  selection: Uint32Array,
  amplitudes = new Float32Array(selection.length),
): SparseUpdate {
  invariant(selection.length === layout.blocks * k, 'the selection has k slots a block');
  const starts = new Uint32Array(layout.blocks + 1);
  const indices = new Uint16Array(selection.length);
  const negative = new Uint8Array(selection.length);
  let count = 0;
  for (let block = 0; block < layout.blocks; block++) {
    const start = count;
    const shift = block * k - start; // from entries to slots
    // Insertion, k being small: sorting a view of every block takes ten times as long.
    for (let n = block * k; n < (block + 1) * k; n++) {
      const slot = selection[n];
      if ((slot & slotPresent) === 0) continue;
      const index = slot & slotIndexMask;
      const amplitude = amplitudes[n];
      let at = count++;
      for (; at > start && indices[at - 1] > index; at--) {
        indices[at] = indices[at - 1];
        negative[at] = negative[at - 1];
        amplitudes[at + shift] = amplitudes[at - 1 + shift];
      }
      indices[at] = index;
      negative[at] = (slot & slotNegative) === 0 ? 0 : 1;
      amplitudes[at + shift] = amplitude;
    }
    starts[block + 1] = count;
  }
  return { starts, indices: indices.slice(0, count), negative: negative.slice(0, count) };
}

/** The slots of an update, u32 [blocks, k]: in each block its entries in rising order of index, then empty ones. */
export function selectionOfUpdate(
  layout: BlockLayout,
  k: number,
  { starts, indices, negative }: SparseUpdate,
): Uint32Array<ArrayBuffer> {
  const selection = new Uint32Array(layout.blocks * k);
  for (let block = 0; block < layout.blocks; block++) {
    for (let n = starts[block], at = block * k; n < starts[block + 1]; n++, at++) {
      selection[at] = indices[n] | (negative[n] === 0 ? 0 : slotNegative) | slotPresent;
    }
  }
  return selection;
}
