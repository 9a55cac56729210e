import { invariant } from '../base/invariant.ts';
import type { OptionalFeature } from './device.ts';
import type { Tensor } from './tensor.ts';

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
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly groups: readonly [number, number, number];
  readonly tensors: readonly Tensor[];
  /** Rewrites the uniform struct for later submits. */
  readonly setUniforms: (words: readonly Word[]) => void;
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

interface Compiled {
  readonly layout: GPUBindGroupLayout;
  readonly pipeline: GPUComputePipeline;
}

/** Compiled pipelines of one device, and the binding of tensors to them. */
export class KernelCache {
  readonly #device: GPUDevice;
  readonly #compiled = new Map<string, Compiled>();

  constructor(device: GPUDevice) {
    this.#device = device;
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
    const { layout, pipeline } = this.#compile(source);
    const entries: GPUBindGroupEntry[] = tensors.map(({ buffer, offset, length }, index) => ({
      binding: index + 1,
      resource: { buffer, offset, size: Math.max(4, 4 * length) },
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
    const bindGroup = this.#device.createBindGroup({ layout, entries, label: source.name });
    const setUniforms = (next: readonly Word[]): void => {
      invariant(uniform !== undefined && next.length === words.length, `${source.name}: wrong uniform words`);
      this.#device.queue.writeBuffer(uniform, 0, packWords(next));
    };
    return { kernel: source.name, pipeline, bindGroup, groups, tensors, setUniforms };
  }

  #compile(source: KernelSource): Compiled {
    const sizes = Object.entries(source.sizes ?? {});
    const key = `${source.name}/${source.entry}/${sizes.map(([name, value]) => `${name}=${value}`).join()}`;
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const enables = (source.features ?? []).map((feature) => enableLine[feature]).join('');
    const preamble = enables + sizes.map(([name, value]) => `const ${name} = ${value}u;\n`).join('');
    const module = this.#device.createShaderModule({ code: preamble + source.code, label: key });
    const entries: GPUBindGroupLayoutEntry[] = source.bindings.map((access, index) => ({
      binding: index + 1,
      visibility: computeStage,
      buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
    }));
    if (source.uniforms) entries.push({ binding: 0, visibility: computeStage, buffer: { type: 'uniform' } });
    const layout = this.#device.createBindGroupLayout({ entries, label: key });
    const pipeline = this.#device.createComputePipeline({
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: source.entry },
      label: key,
    });
    const compiled = { layout, pipeline };
    this.#compiled.set(key, compiled);
    return compiled;
  }
}
