import { invariant } from '../base/invariant.ts';
import { groupRanges, partCode, PartPlaces, type GroupRange } from './parts.ts';
import { Kernel, type KernelPromise, type KernelSource } from './pipeline.ts';
import { byteLength, type Tensor } from './tensor.ts';

export type { KernelPromise, KernelSource };

/** One 4-byte member of a kernel's uniform struct. */
export type Word = { readonly u32: number } | { readonly i32: number } | { readonly f32: number };
export const u32 = (value: number): Word => ({ u32: value });
export const i32 = (value: number): Word => ({ i32: value });
export const f32 = (value: number): Word => ({ f32: value });

/** A kernel bound to its tensors, ready to be encoded any number of times. */
export interface Dispatch {
  readonly kernel: string;
  /** The same for dispatches that do the same work on other tensors. */
  readonly kind: string;
  /** Compiled at first sight unless `compileAhead` has been there. */
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  /** Of a part of a dispatch: says where it begins. */
  readonly place?: GPUBindGroup;
  readonly groups: readonly [number, number, number];
  readonly tensors: readonly Tensor[];
  /** Rewrites the uniform struct for later submits. */
  readonly setUniforms: (words: readonly Word[]) => void;
  /** Compiles on another thread. Throws StarlingError `gpu-validation` or `gpu-internal`. */
  readonly compile: () => Promise<void>;
  /** `compileAhead` no longer waits for this kernel, and who binds it next compiles it anew. */
  readonly forget: () => void;
  /** Some of its workgroups, as a dispatch of their own that computes the same words. */
  readonly part: (range: GroupRange) => Dispatch;
}

const uniformUsage = 0x40 | 0x08; // UNIFORM | COPY_DST
const maxGroupsPerDimension = 65535;

/** Workgroup counts for `count` workgroups in x, folded into y when x runs out: index = y * 65535 + x. */
export const foldGroups = (count: number): [number, number, number] =>
  count <= maxGroupsPerDimension
    ? [Math.max(1, count), 1, 1]
    : [maxGroupsPerDimension, Math.ceil(count / maxGroupsPerDimension), 1];

export function packWords(words: readonly Word[]): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(Math.max(16, 16 * Math.ceil(words.length / 4))));
  words.forEach((word, index) => {
    if ('u32' in word) view.setUint32(4 * index, word.u32, true);
    else if ('i32' in word) view.setInt32(4 * index, word.i32, true);
    else view.setFloat32(4 * index, word.f32, true);
  });
  return view.buffer;
}

/** The kernels of one device, each compiled once, and the binding of tensors to them. */
export class KernelCache {
  readonly #device: GPUDevice;
  readonly #kernels = new Map<string, Kernel>();
  /** Told how far `compileAhead` has come. */
  onCompiled: (done: number, total: number) => void = () => undefined;
  /** Of kinds of dispatch that would take too long in one go, in how many parts they are run. */
  readonly parts = new Map<string, number>();
  readonly #cut = new WeakMap<Dispatch, { readonly count: number; readonly parts: readonly Dispatch[] }>();
  readonly #places: PartPlaces;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#places = new PartPlaces(device);
  }

  /**
   * Compiles everything bound so far on other threads, so that no submit waits for a compiler. Throws StarlingError
   * `gpu-validation` or `gpu-internal`.
   */
  async compileAhead(): Promise<void> {
    let done = 0;
    const total = this.#kernels.size;
    const compile = async ([key, kernel]: [string, Kernel]): Promise<void> => {
      try {
        await kernel.compile();
        this.onCompiled(++done, total);
      } catch (thrown) {
        this.#kernels.delete(key); // or nobody could prepare anything again
        throw thrown;
      }
    };
    // All are waited for: one that fails later would be the next caller's.
    const compiled = await Promise.allSettled([...this.#kernels].map(compile));
    for (const one of compiled) if (one.status === 'rejected') throw one.reason as Error;
  }

  /** Binds `source` to tensors (in the order of its bindings) and workgroup counts. */
  bind(
    source: KernelSource,
    tensors: readonly Tensor[],
    groups: readonly [number, number, number],
    words: readonly Word[] = [],
  ): Dispatch {
    invariant(tensors.length === source.bindings.length, `${source.name}: ${tensors.length} tensors bound`);
    invariant(
      source.uniforms === words.length > 0,
      `${source.name}: uniform words given and declared differ`,
    );
    const kernel = this.#kernelOf(source);
    const entries: GPUBindGroupEntry[] = tensors.map((tensor, index) => ({
      binding: index + 1,
      resource: { buffer: tensor.buffer, offset: tensor.offset, size: Math.max(4, byteLength(tensor)) },
    }));
    let uniform: GPUBuffer | undefined;
    if (source.uniforms) {
      const bytes = packWords(words);
      uniform = this.#device.createBuffer({
        size: bytes.byteLength,
        usage: uniformUsage,
        label: source.name,
      });
      this.#device.queue.writeBuffer(uniform, 0, bytes);
      entries.push({ binding: 0, resource: { buffer: uniform } });
    }
    const bindGroup = this.#device.createBindGroup({
      layout: kernel.layouts[0],
      entries,
      label: source.name,
    });
    const setUniforms = (next: readonly Word[]): void => {
      invariant(uniform !== undefined && next.length === words.length, `${source.name}: wrong uniform words`);
      this.#device.queue.writeBuffer(uniform, 0, packWords(next));
    };
    const values = words.map((word) => Object.values(word).join());
    const base = { kernel: source.name, bindGroup, tensors, setUniforms };
    const whole: Dispatch = this.#dispatchOf(kernel, {
      ...base,
      kind: [kernel.label, ...groups, ...values].join(),
      groups,
      part: ({ first, groups: some }) =>
        this.#dispatchOf(this.#partOf(kernel), {
          ...base,
          kind: `${whole.kind} from ${first.join()}`,
          groups: some,
          place: this.#places.at(first),
          part: () => {
            throw new Error(`${source.name}: a part is not cut again`);
          },
        }),
    });
    if (this.parts.has(whole.kind)) this.partsOf(whole); // to be compiled ahead with all else
    return whole;
  }

  /** What is run for a dispatch: itself, or as many parts as `parts` says. */
  partsOf(whole: Dispatch): readonly Dispatch[] {
    const count = this.parts.size === 0 ? undefined : this.parts.get(whole.kind);
    if (count === undefined) return [whole];
    const known = this.#cut.get(whole);
    if (known?.count === count) return known.parts;
    const parts = groupRanges(whole.groups, count).map((range) => whole.part(range));
    this.#cut.set(whole, { count, parts });
    return parts;
  }

  #dispatchOf(kernel: Kernel, bound: Omit<Dispatch, 'pipeline' | 'compile' | 'forget'>): Dispatch {
    return {
      ...bound,
      get pipeline() {
        return kernel.pipeline;
      },
      compile: () => kernel.compile(),
      forget: () => {
        this.#kernels.delete(kernel.label);
      },
    };
  }

  #kernelOf(source: KernelSource): Kernel {
    const fixed = Object.entries({ ...source.sizes, ...source.types });
    const key = `${source.name}/${source.entry}/${fixed.map(([name, value]) => `${name}=${value}`).join()}`;
    return this.#known(key, () => new Kernel(this.#device, source, key));
  }

  /** The same kernel for parts of its workgroups. */
  #partOf({ source, label, layouts: [layout] }: Kernel): Kernel {
    const key = `${label}/part`;
    return this.#known(key, () => {
      const cut = { ...source, code: partCode(source.code) };
      return new Kernel(this.#device, cut, key, [layout, this.#places.layout]);
    });
  }

  #known(key: string, make: () => Kernel): Kernel {
    const kernel = this.#kernels.get(key) ?? make();
    this.#kernels.set(key, kernel);
    return kernel;
  }
}
