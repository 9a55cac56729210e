import type { Bytes } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { compressPack, gainsBits, packSums, packWords } from '../kernels/compress-pack.ts';
import { bitsFor } from './bits.ts';
import type { BlockLayout } from './blocks.ts';
import { encodeUpdate, maxPayloadBytes, updateOfSelection } from './sparse-update.ts';

/** Where slots become a payload: by `compressPack`, or by `encodeUpdate`, which makes the same bytes. */
export type Packing = 'gpu' | 'cpu';
export const packings: readonly Packing[] = ['gpu', 'cpu'];

/** How a choice between them is remembered in `Gpu.choices`. */
export const packingKey = ({ blocks }: BlockLayout, k: number): string => `pack/${blocks}x${k}`;

/** A dispatch or two cost more than a processor needs for so many slots. */
const fewSlots = 4096;

/** The packing measured fastest on this device, or, before any was, the GPU's unless there are few slots. */
export function choosePacking(gpu: Gpu, layout: BlockLayout, k: number): Packing {
  const measured = packings.find((packing) => packing === gpu.choices.get(packingKey(layout, k)));
  return measured ?? (layout.blocks * k > fewSlots ? 'gpu' : 'cpu');
}

/** What left the momentum, as it travels and as it was. */
export interface Packed {
  readonly payload: Bytes;
  /** f32 [blocks, k] in the order of the payload, 0 for an empty slot. */
  readonly amplitudes: Float32Array<ArrayBuffer>;
}

/** Makes payloads of the slots that `compress` fills. */
export class PayloadPacker {
  readonly #gpu: Gpu;
  readonly #layout: BlockLayout;
  readonly #k: number;
  readonly #slots: readonly [selection: Tensor, amplitudes: Tensor];
  readonly #own: readonly Tensor[];
  /** Of `packing` 'gpu'. */
  readonly #packed:
    | { readonly dispatches: readonly Dispatch[]; readonly payload: Tensor; readonly sorted: Tensor }
    | undefined;

  /** `selection` and `amplitudes` are [blocks, k] of the whole layout, and the caller's. */
  constructor(
    gpu: Gpu,
    layout: BlockLayout,
    {
      selection,
      amplitudes,
      k,
      packing,
    }: { selection: Tensor; amplitudes: Tensor; k: number; packing: Packing },
  ) {
    this.#gpu = gpu;
    this.#layout = layout;
    this.#k = k;
    this.#slots = [selection, amplitudes];
    this.#own = [];
    if (packing === 'cpu') return;
    const areGains = layout.parameters.flatMap(({ spec, blocks }) =>
      Array.from({ length: blocks }, () => spec.kind === 'gains'),
    );
    const bits = gainsBits(areGains);
    const words = packWords(maxPayloadBytes(layout, k));
    const [gains, sums, payload, sorted] = [
      gpu.tensor([bits.length], 'u32', 'blocks of gains', bits),
      gpu.tensor([packSums(layout.blocks)], 'u32', 'payload sums'),
      gpu.tensor([words], 'u32', 'payload'),
      gpu.tensor([layout.blocks, k], 'f32', 'sorted amplitudes'),
    ];
    this.#own = [gains, sums, payload, sorted];
    const tensors = { selection, amplitudes, gains, sums, payload, sorted };
    const dispatches = compressPack(gpu, { ...tensors, k, countBits: bitsFor(k) });
    this.#packed = { dispatches, payload, sorted };
  }

  /** Of packing on the GPU. */
  get dispatches(): readonly Dispatch[] {
    return this.#packed?.dispatches ?? [];
  }

  /** Compiles what it dispatches on another thread. */
  async compile(): Promise<void> {
    await Promise.all(this.dispatches.map((dispatch) => dispatch.compile()));
  }

  /** It took too long to compile, and is not waited for. */
  abandon(): void {
    for (const dispatch of this.dispatches) dispatch.forget();
  }

  /** Submits `before`, which fill the slots, and what packs them, and reads the payload back: one submit, one mapping. */
  async pack(before: readonly Dispatch[]): Promise<Packed> {
    const packed = this.#packed;
    if (packed === undefined) {
      const [selection, amplitudes] = await this.#gpu.submitAndRead(before, this.#slots);
      invariant(selection instanceof Uint32Array && amplitudes instanceof Float32Array, 'u32 and f32');
      const own = amplitudes.slice(); // or it would keep the selection's memory for as long as it is kept itself
      const update = updateOfSelection(this.#layout, this.#k, selection, own);
      return { payload: encodeUpdate(this.#layout, this.#k, update), amplitudes: own };
    }
    const { dispatches, payload, sorted } = packed;
    const [words, amplitudes] = await this.#gpu.submitAndRead(
      [...before, ...dispatches],
      [payload, sorted],
      [payload],
    );
    invariant(words instanceof Uint32Array && amplitudes instanceof Float32Array, 'u32 and f32');
    const bytes = new Uint8Array(words.buffer, words.byteOffset + 4, 4 * (words.length - 1));
    return { payload: bytes.slice(0, Math.ceil(words[0] / 8)), amplitudes: amplitudes.slice() };
  }

  close(): void {
    this.#gpu.free(...this.#own);
  }
}
