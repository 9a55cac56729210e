import type { StarlingError } from '../base/errors.ts';
import { fromHalf, toHalf } from '../base/half.ts';
import { invariant } from '../base/invariant.ts';
import { Answers } from './answers.ts';
import type { BusyMeter } from './busy-meter.ts';
import { openDevice, type AdapterReport } from './device.ts';
import { KernelCache, type Dispatch } from './kernel.ts';
import { gpuProblem, lossOf, withErrorScopes } from './problems.ts';
import { settled } from './settle.ts';
import { byteLength, sizeOf, type DType, type Tensor } from './tensor.ts';

export type HostArray = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
export type HostArrayOf<D extends DType> = D extends 'f32' | 'f16'
  ? Float32Array<ArrayBuffer>
  : D extends 'i32'
    ? Int32Array<ArrayBuffer>
    : Uint32Array<ArrayBuffer>;

const storageUsage = 0x80 | 0x08 | 0x04; // STORAGE | COPY_DST | COPY_SRC: the constants are absent in Node
const readbackUsage = 0x01 | 0x08; // MAP_READ | COPY_DST
const mapForReading = 0x01;
/** Read-back buffers above this are given back after use; smaller ones, of every round's reads, wait for the next. */
const largestKeptStaging = 1 << 22;

/** One GPU device with what we keep on it: tensors, compiled kernels, read-back buffers. All work passes `submit`. */
export class Gpu {
  readonly device: GPUDevice;
  readonly adapter: AdapterReport;
  readonly kernels: KernelCache;
  /** Invocations of a subgroup, where the device has subgroups and all are of one size. */
  readonly subgroupSize: number | undefined;
  /** Of each case of an op that has variants, the name of the variant measured fastest on this device. */
  readonly choices = new Map<string, string>();
  /** Called with every dispatch as it is encoded: the one point through which all GPU work passes. */
  onDispatch: ((dispatch: Dispatch) => void) | undefined;
  /** Told of every submit and its end, where someone measures. */
  meter: BusyMeter | undefined;
  /** Settles when the device is lost other than by `close`: a StarlingError `gpu-lost` to show. */
  readonly lost: Promise<StarlingError>;
  #closed = false;
  readonly #answers: Answers;
  readonly #owned = new Set<GPUBuffer>();
  readonly #staging: GPUBuffer[] = [];

  private constructor({ device, adapter, subgroupSize }: Awaited<ReturnType<typeof openDevice>>) {
    this.device = device;
    this.adapter = adapter;
    this.subgroupSize = subgroupSize;
    this.kernels = new KernelCache(device);
    this.lost = lossOf(device, () => this.#closed);
    this.#answers = new Answers(this.lost);
  }

  /** Throws StarlingError `no-webgpu` or `no-adapter`. */
  static async open(entry: GPU | undefined): Promise<Gpu> {
    return new Gpu(await openDevice(entry));
  }

  /** Bytes of GPU memory held by tensors. */
  get bytesAllocated(): number {
    let bytes = 0;
    for (const buffer of this.#owned) bytes += buffer.size;
    return bytes;
  }

  /**
   * What `make` makes of tensors and bound kernels, once all is allocated and compiled, this thread waiting for neither.
   * `what` names it in errors. Throws StarlingError `gpu-out-of-memory`, `gpu-validation` or `gpu-internal`, and then frees
   * the tensors made.
   */
  async prepare<T>(what: string, make: () => T): Promise<T> {
    const before = new Set(this.#owned);
    let mine: GPUBuffer[] = [];
    try {
      const scoped = withErrorScopes(this.device, what, () => {
        try {
          return make();
        } finally {
          mine = [...this.#owned].filter((buffer) => !before.has(buffer));
        }
      });
      const made = await this.#answers.orLoss(scoped);
      await this.#answers.orLoss(this.kernels.compileAhead());
      return made;
    } catch (thrown) {
      for (const buffer of mine) if (this.#owned.delete(buffer)) buffer.destroy();
      throw thrown;
    }
  }

  /** A new tensor, zeroed unless `data` is given; f16 is written and read as f32. Throws StarlingError `gpu-out-of-memory` where no binding is as long. */
  tensor(shape: readonly number[], dtype: DType, label: string, data?: HostArray): Tensor {
    const length = sizeOf(shape);
    const size = Math.max(4, byteLength({ dtype, length }));
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    const most = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    if (size > most)
      throw gpuProblem('out-of-memory', label, `${size} bytes are more than ${most} in one buffer`);
    const buffer = this.device.createBuffer({ size, usage: storageUsage, label });
    this.#owned.add(buffer);
    const tensor = { buffer, offset: 0, shape, dtype, length, label };
    if (data !== undefined) this.write(tensor, data);
    return tensor;
  }

  free(...tensors: readonly Tensor[]): void {
    for (const { buffer } of tensors) {
      if (this.#owned.delete(buffer)) buffer.destroy();
    }
  }

  /** Overwrites a tensor; takes effect before any later `submit`. */
  write(tensor: Tensor, data: HostArray): void {
    invariant(
      data.length === tensor.length,
      `${tensor.label}: ${data.length} values for ${tensor.length} elements`,
    );
    this.device.queue.writeBuffer(tensor.buffer, tensor.offset, stored(tensor.dtype, data));
  }

  /** Overwrites the first `data.length` elements. */
  writePrefix(tensor: Tensor, data: HostArray): void {
    invariant(
      data.length <= tensor.length,
      `${tensor.label}: ${data.length} values for ${tensor.length} elements`,
    );
    invariant(tensor.dtype !== 'f16', `${tensor.label}: an odd number of halves would spill over`);
    if (data.length > 0) this.device.queue.writeBuffer(tensor.buffer, tensor.offset, data);
  }

  /** Encodes `dispatches` in order into one pass and hands it to the GPU. `clear` is zeroed first. */
  submit(dispatches: readonly Dispatch[], clear: readonly Tensor[] = []): void {
    const encoder = this.device.createCommandEncoder();
    this.#encode(encoder, dispatches, clear);
    this.device.queue.submit([encoder.finish()]);
    if (this.meter !== undefined)
      this.device.queue.onSubmittedWorkDone().then(this.meter.begin(), () => undefined);
  }

  /** Reads tensors back after everything submitted so far, in one mapping. */
  read<const T extends readonly Tensor[]>(...tensors: T): Promise<{ [I in keyof T]: HostArray }> {
    return this.submitAndRead([], tensors);
  }

  /** `submit`, and then `read` of `tensors`, in one submit. */
  async submitAndRead<const T extends readonly Tensor[]>(
    dispatches: readonly Dispatch[],
    tensors: T,
    clear: readonly Tensor[] = [],
  ): Promise<{ [I in keyof T]: HostArray }> {
    const total = tensors.reduce((sum, tensor) => sum + byteLength(tensor), 0);
    const staging = this.#takeStaging(total);
    const encoder = this.device.createCommandEncoder();
    this.#encode(encoder, dispatches, clear);
    let at = 0;
    for (const tensor of tensors) {
      encoder.copyBufferToBuffer(tensor.buffer, tensor.offset, staging, at, byteLength(tensor));
      at += byteLength(tensor);
    }
    this.device.queue.submit([encoder.finish()]);
    const ended = this.meter?.begin();
    await this.#settled(staging.mapAsync(mapForReading, 0, Math.max(4, total)));
    ended?.();
    const bytes = staging.getMappedRange(0, Math.max(4, total)).slice(0);
    staging.unmap();
    if (staging.size <= largestKeptStaging) this.#staging.push(staging);
    else staging.destroy();
    at = 0;
    return tensors.map(({ dtype, length }) => {
      const start = at;
      at += byteLength({ dtype, length });
      if (dtype === 'f16') return Float32Array.from(new Uint16Array(bytes, start, length), fromHalf);
      if (dtype === 'f32') return new Float32Array(bytes, start, length);
      return dtype === 'i32' ? new Int32Array(bytes, start, length) : new Uint32Array(bytes, start, length);
    }) as { [I in keyof T]: HostArray };
  }

  async readF32(tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
    const [values] = await this.read(tensor);
    invariant(values instanceof Float32Array, `${tensor.label} is not f32`);
    return values;
  }

  async readI32(tensor: Tensor): Promise<Int32Array<ArrayBuffer>> {
    const [values] = await this.read(tensor);
    invariant(values instanceof Int32Array, `${tensor.label} is not i32`);
    return values;
  }

  async readU32(tensor: Tensor): Promise<Uint32Array<ArrayBuffer>> {
    const [values] = await this.read(tensor);
    invariant(values instanceof Uint32Array, `${tensor.label} is not u32`);
    return values;
  }

  /** Resolves when everything submitted so far is done. As every wait for the device, throws StarlingError `gpu-lost` once that is lost. */
  async idle(): Promise<void> {
    await this.#settled(this.device.queue.onSubmittedWorkDone());
  }

  close(): void {
    this.#closed = true;
    this.device.destroy();
    this.#owned.clear();
  }

  #settled(answer: Promise<undefined>): Promise<undefined> {
    return settled(this.device.queue, this.#answers.orLoss(answer));
  }

  #encode(encoder: GPUCommandEncoder, dispatches: readonly Dispatch[], clear: readonly Tensor[]): void {
    for (const tensor of clear) encoder.clearBuffer(tensor.buffer, tensor.offset, byteLength(tensor));
    if (dispatches.length === 0) return;
    const pass = encoder.beginComputePass();
    for (const dispatch of dispatches.flatMap((whole) => this.kernels.partsOf(whole))) {
      this.onDispatch?.(dispatch);
      pass.setPipeline(dispatch.pipeline);
      pass.setBindGroup(0, dispatch.bindGroup);
      if (dispatch.place !== undefined) pass.setBindGroup(1, dispatch.place);
      pass.dispatchWorkgroups(...dispatch.groups);
    }
    pass.end();
  }

  #takeStaging(bytes: number): GPUBuffer {
    const index = this.#staging.findIndex((buffer) => buffer.size >= bytes);
    const [found] = index >= 0 ? this.#staging.splice(index, 1) : [];
    if (found !== undefined) return found;
    for (const small of this.#staging.splice(2)) small.destroy();
    return this.device.createBuffer({ size: Math.max(256, bytes), usage: readbackUsage, label: 'readback' });
  }
}

/** As the GPU holds it, in whole words. */
function stored(dtype: DType, data: HostArray): HostArray | Uint16Array<ArrayBuffer> {
  if (dtype !== 'f16') return data;
  const words = new Uint16Array(2 * Math.ceil(data.length / 2));
  for (let i = 0; i < data.length; i++) words[i] = toHalf(data[i]);
  return words;
}
