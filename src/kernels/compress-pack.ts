import code from '../../shaders/compress-pack.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, type Dispatch, type KernelSource } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';

/** Blocks of a workgroup. */
const groupBlocks = 64;

/** What `compressPack` keeps while it works: a sum for every group of blocks. */
export const packSums = (blocks: number): number => Math.ceil(blocks / groupBlocks);

/** Words of the payload tensor for payloads of at most so many bytes. */
export const packWords = (mostBytes: number): number => 1 + Math.ceil(mostBytes / 4);

/** A bit a block, 1 for gains: u32 [ceil(blocks / 32)]. */
export function gainsBits(areGains: readonly boolean[]): Uint32Array<ArrayBuffer> {
  const bits = new Uint32Array(Math.ceil(areGains.length / 32));
  areGains.forEach((isGains, block) => {
    if (isGains) bits[block >> 5] |= 1 << (block & 31);
  });
  return bits;
}

export interface PackTensors {
  /** u32 [blocks, k], as `compress` leaves it: in each block the filled slots first. */
  readonly selection: Tensor;
  /** f32 [blocks, k], beside it. */
  readonly amplitudes: Tensor;
  /** `gainsBits` of the blocks. */
  readonly gains: Tensor;
  /** u32 [packSums(blocks)], overwritten. */
  readonly sums: Tensor;
  /** u32 [packWords(bytes of the longest)], zeroed before: the length in bits, then the bits. */
  readonly payload: Tensor;
  /** f32 [blocks, k], overwritten: the amplitudes in the order of the payload, 0 for an empty slot. */
  readonly sorted: Tensor;
  /** 1 to 64. */
  readonly k: number;
  /** Bits of a block's count. */
  readonly countBits: number;
}

/** The payload of the slots that `compress` filled, bit-exactly: see shaders/compress-pack.wgsl. */
export function compressPack(gpu: Gpu, op: PackTensors): Dispatch[] {
  const { selection, amplitudes, gains, sums, payload, sorted, k, countBits } = op;
  const blocks = selection.length / k;
  const groups = packSums(blocks);
  invariant(k >= 1 && k <= 64 && Number.isInteger(blocks) && blocks > 0, 'the selection has k slots a block');
  invariant(amplitudes.length === blocks * k && sorted.length === blocks * k, 'an amplitude for every slot');
  invariant(gains.length === Math.ceil(blocks / 32) && sums.length >= groups, 'a bit for every block');
  invariant(
    32 * (payload.length - 1) >= blocks * countBits, // what is past the end would be lost without a word
    'the payload has room',
  );
  const source = (entry: 'measure' | 'pack', bindings: KernelSource['bindings']): KernelSource => ({
    ...{ name: 'compress-pack', code, entry, bindings },
    uniforms: false,
    sizes: { K: k, BLOCKS: blocks, GROUPS: groups, COUNT_BITS: countBits },
    promise: { kind: 'bitwise' },
  });
  const measure = source('measure', ['read', 'read', 'write']);
  const pack = source('pack', ['read', 'read', 'write', 'read', 'write', 'write']);
  const count = foldGroups(groups);
  const packing = gpu.kernels.bind(pack, [selection, gains, sums, amplitudes, payload, sorted], count);
  return groups === 1 ? [packing] : [gpu.kernels.bind(measure, [selection, gains, sums], count), packing];
}

/** Changes with how a payload is packed. */
export const packFingerprint = JSON.stringify([code, groupBlocks]);
