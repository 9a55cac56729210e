import { describeError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import type { OptionalFeature } from './device.ts';
import { gpuProblem } from './problems.ts';
import { byteLength, type Tensor } from './tensor.ts';

/** What a kernel promises of its output: design section 6. */
export type KernelPromise =
  { readonly kind: 'bitwise' } | { readonly kind: 'close'; readonly relativeL2: number };

/** A kernel's WGSL with everything fixed at compile time. */
export interface KernelSource {
  /** Unique among kernels: the cache key and the name in traces. */
  readonly name: string;
  readonly code: string;
  readonly entry: string;
  /** Access of the storage bindings 1, 2, ... in order; binding 0 is the uniform `Params` where `uniforms` is true. */
  readonly bindings: readonly ('read' | 'write')[];
  readonly uniforms: boolean;
  /** Put before the code as `const NAME = VALUEu;`, for sizes WGSL wants at compile time. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** Put before the code as `alias NAME = f16;`: of what type stored elements are. f16 needs `shader-f16` and enables it. */
  readonly types?: Readonly<Record<string, 'f32' | 'f16'>>;
  readonly promise: KernelPromise;
  /** What the code needs of the device; `enable` lines are put before it. */
  readonly features?: readonly OptionalFeature[];
}

const enableLine: Readonly<Record<OptionalFeature, string>> = {
  subgroups: 'enable subgroups;\n',
  'shader-f16': 'enable f16;\n',
};

/** One 4-byte member of a kernel's uniform struct. */
export type Word = { readonly u32: number } | { readonly i32: number } | { readonly f32: number };
export const u32 = (value: number): Word => ({ u32: value });
export const i32 = (value: number): Word => ({ i32: value });
export const f32 = (value: number): Word => ({ f32: value });

/** A kernel bound to its tensors, ready to be encoded any number of times. */
export interface Dispatch {
  readonly kernel: string;
  /** Compiled at first sight unless `compileAhead` has been there. */
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly groups: readonly [number, number, number];
  readonly tensors: readonly Tensor[];
  /** Rewrites the uniform struct for later submits. */
  readonly setUniforms: (words: readonly Word[]) => void;
  /** Compiles on another thread. Throws StarlingError `gpu-validation` or `gpu-internal`. */
  readonly compile: () => Promise<void>;
  /** `compileAhead` no longer waits for this kernel, and who binds it next compiles it anew. */
  readonly forget: () => void;
}

const computeStage = 4;
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

/** One kernel on a device. Its pipeline is compiled when first needed, or ahead of that. */
class Kernel {
  readonly layout: GPUBindGroupLayout;
  readonly label: string;
  readonly #device: GPUDevice;
  readonly #source: KernelSource;
  #pipeline: GPUComputePipeline | undefined;
  #compiling: Promise<void> | undefined;

  constructor(device: GPUDevice, source: KernelSource, label: string) {
    this.#device = device;
    this.#source = source;
    this.label = label;
    const entries: GPUBindGroupLayoutEntry[] = source.bindings.map((access, index) => ({
      binding: index + 1,
      visibility: computeStage,
      buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
    }));
    if (source.uniforms) entries.push({ binding: 0, visibility: computeStage, buffer: { type: 'uniform' } });
    this.layout = device.createBindGroupLayout({ entries, label });
  }

  /** Compiles here and now, blocking this thread, where nobody has before. */
  get pipeline(): GPUComputePipeline {
    this.#pipeline ??= this.#device.createComputePipeline(this.#descriptor());
    return this.#pipeline;
  }

  /** Compiles on another thread. Throws StarlingError `gpu-validation` or `gpu-internal`. */
  compile(): Promise<void> {
    if (this.#pipeline !== undefined) return Promise.resolve();
    this.#compiling ??= this.#compile();
    return this.#compiling;
  }

  async #compile(): Promise<void> {
    this.#device.pushErrorScope('validation'); // for the module: the pipeline's own error says only that it was bad
    const pending = this.#device.createComputePipelineAsync(this.#descriptor());
    const scope = this.#device.popErrorScope().catch(() => null); // a lost device has none
    try {
      const pipeline = await pending;
      this.#pipeline ??= pipeline;
    } catch (thrown) {
      const wrong = await scope;
      const isOurs = wrong !== null || (thrown as { reason?: string }).reason === 'validation';
      const text = wrong?.message ?? describeError(thrown);
      throw gpuProblem(isOurs ? 'validation' : 'internal', this.label, text);
    }
  }

  #descriptor(): GPUComputePipelineDescriptor {
    const { code, entry, features = [], sizes = {}, types = {} } = this.#source;
    const needed = new Set<OptionalFeature>(features);
    if (Object.values(types).includes('f16')) needed.add('shader-f16');
    const enables = [...needed].map((feature) => enableLine[feature]);
    const constants = Object.entries(sizes).map(([name, value]) => `const ${name} = ${value}u;\n`);
    const aliases = Object.entries(types).map(([name, type]) => `alias ${name} = ${type};\n`);
    const preamble = [...enables, ...constants, ...aliases].join('');
    const label = this.label;
    return {
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [this.layout] }),
      compute: {
        module: this.#device.createShaderModule({ code: preamble + code, label }),
        entryPoint: entry,
      },
      label,
    };
  }
}

/** The kernels of one device, each compiled once, and the binding of tensors to them. */
export class KernelCache {
  readonly #device: GPUDevice;
  readonly #kernels = new Map<string, Kernel>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /**
   * Compiles everything bound so far on other threads, so that no submit waits for a compiler. Throws StarlingError
   * `gpu-validation` or `gpu-internal`.
   */
  async compileAhead(): Promise<void> {
    const compile = async ([key, kernel]: [string, Kernel]): Promise<void> => {
      try {
        await kernel.compile();
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
    const bindGroup = this.#device.createBindGroup({ layout: kernel.layout, entries, label: source.name });
    const setUniforms = (next: readonly Word[]): void => {
      invariant(uniform !== undefined && next.length === words.length, `${source.name}: wrong uniform words`);
      this.#device.queue.writeBuffer(uniform, 0, packWords(next));
    };
    return {
      kernel: source.name,
      get pipeline() {
        return kernel.pipeline;
      },
      bindGroup,
      groups,
      tensors,
      setUniforms,
      compile: () => kernel.compile(),
      forget: () => {
        this.#kernels.delete(kernel.label);
      },
    };
  }

  #kernelOf(source: KernelSource): Kernel {
    const fixed = Object.entries({ ...source.sizes, ...source.types });
    const key = `${source.name}/${source.entry}/${fixed.map(([name, value]) => `${name}=${value}`).join()}`;
    let kernel = this.#kernels.get(key);
    if (kernel === undefined) {
      kernel = new Kernel(this.#device, source, key);
      this.#kernels.set(key, kernel);
    }
    return kernel;
  }
}
