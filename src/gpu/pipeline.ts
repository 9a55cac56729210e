import { describeError } from '../base/errors.ts';
import type { OptionalFeature } from './device.ts';
import { gpuProblem } from './problems.ts';

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

const computeStage = 4;

/** One kernel on a device. Its pipeline is compiled when first needed, or ahead of that. */
export class Kernel {
  readonly source: KernelSource;
  readonly label: string;
  /** Of its bind groups: its own, or those it was given. */
  readonly layouts: readonly GPUBindGroupLayout[];
  readonly #device: GPUDevice;
  #pipeline: GPUComputePipeline | undefined;
  #compiling: Promise<void> | undefined;

  constructor(
    device: GPUDevice,
    source: KernelSource,
    label: string,
    layouts: readonly GPUBindGroupLayout[] = [layoutOf(device, source, label)],
  ) {
    this.#device = device;
    this.source = source;
    this.label = label;
    this.layouts = layouts;
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
    const { code, entry, features = [], sizes = {}, types = {} } = this.source;
    const needed = new Set<OptionalFeature>(features);
    if (Object.values(types).includes('f16')) needed.add('shader-f16');
    const enables = [...needed].map((feature) => enableLine[feature]);
    const constants = Object.entries(sizes).map(([name, value]) => `const ${name} = ${value}u;\n`);
    const aliases = Object.entries(types).map(([name, type]) => `alias ${name} = ${type};\n`);
    const preamble = [...enables, ...constants, ...aliases].join('');
    const label = this.label;
    return {
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [...this.layouts] }),
      compute: {
        module: this.#device.createShaderModule({ code: preamble + code, label }),
        entryPoint: entry,
      },
      label,
    };
  }
}

/** Of its tensors and its uniform struct. */
function layoutOf(device: GPUDevice, source: KernelSource, label: string): GPUBindGroupLayout {
  const entries: GPUBindGroupLayoutEntry[] = source.bindings.map((access, index) => ({
    binding: index + 1,
    visibility: computeStage,
    buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
  }));
  if (source.uniforms) entries.push({ binding: 0, visibility: computeStage, buffer: { type: 'uniform' } });
  return device.createBindGroupLayout({ entries, label });
}
