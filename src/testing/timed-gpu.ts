import type { ManualClock } from '../base/clock.ts';
import { Gpu } from '../gpu/gpu.ts';
import { FakeGpu, type FakeDevice } from './fake-gpu.ts';

/** What a dispatch on a timed GPU is of. */
export interface TimedWork {
  readonly label: string;
  readonly entry: string;
  /** Compile-time constants of the shader. */
  readonly sizes: Readonly<Record<string, number>>;
  /** And what its elements are stored as. */
  readonly types: Readonly<Record<string, string>>;
}

export interface TimedGpu {
  readonly gpu: Gpu;
  readonly device: FakeDevice;
  /** What was dispatched so far. */
  readonly done: TimedWork[];
  /** What GPU memory holds before the next buffer is one too many. */
  memoryBytes: number;
  /** Tells of an error as a device does: to the innermost scope of its kind. */
  readonly refuse: (kind: 'out-of-memory' | 'validation', message: string) => void;
}

interface Pipeline extends TimedWork {
  readonly code: string;
}
type Descriptor = {
  readonly label: string;
  readonly compute: { module: { code: string }; entryPoint: string };
};
type Buffer = { readonly size: number };

/** Opens a GPU that computes nothing: its dispatches take as long as `msOf` says on a clock that only they move. */
export async function openTimedGpu(
  clock: ManualClock,
  msOf: (work: TimedWork) => number,
  features: readonly string[] = [],
): Promise<TimedGpu> {
  const fake = new FakeGpu();
  for (const feature of features) fake.features.add(feature);
  const done: TimedWork[] = [];
  const gpu = await Gpu.open(fake.entry);
  const device = fake.newest;
  const scopes: { readonly kind: string; error: { message: string } | null }[] = [];
  const refuse: TimedGpu['refuse'] = (kind, message) => {
    const scope = scopes.findLast((one) => one.kind === kind);
    const name = kind === 'validation' ? 'GPUValidationError' : 'GPUOutOfMemoryError';
    if (scope === undefined) device.report(name, message);
    else scope.error ??= { message };
  };
  const timed = { gpu, device, done, memoryBytes: Infinity, refuse };
  let bytes = 0;
  const pipelineOf = ({ label, compute: { module, entryPoint } }: Descriptor): Pipeline => ({
    ...{ label, entry: entryPoint, code: module.code },
    sizes: Object.fromEntries(
      [...module.code.matchAll(/^const (\w+) = (\d+)u;$/gm)].map(([, name, value]) => [name, Number(value)]),
    ),
    types: Object.fromEntries(
      [...module.code.matchAll(/^alias (\w+) = (f16|f32);$/gm)].map(([, name, type]) => [name, type]),
    ),
  });
  Object.assign(device, {
    createShaderModule: ({ code }: { code: string }) => ({ code }),
    createComputePipeline: pipelineOf,
    createComputePipelineAsync: (descriptor: Descriptor) => Promise.resolve(pipelineOf(descriptor)),
    createBuffer: ({ size }: Buffer) => {
      bytes += size;
      if (bytes > timed.memoryBytes) refuse('out-of-memory', `${bytes} bytes of ${timed.memoryBytes}`);
      return {
        size,
        mapAsync: () => Promise.resolve(),
        getMappedRange: (_: number, length: number) => new ArrayBuffer(length),
        unmap: () => undefined,
        destroy: () => void (bytes -= size),
      };
    },
    createCommandEncoder: () => {
      const work: Pipeline[] = [];
      let pipeline: Pipeline | undefined;
      const pass = {
        setPipeline: (next: Pipeline) => (pipeline = next),
        setBindGroup: () => undefined,
        dispatchWorkgroups: () => pipeline && work.push(pipeline),
        end: () => undefined,
      };
      return {
        clearBuffer: () => undefined,
        copyBufferToBuffer: () => undefined,
        beginComputePass: () => pass,
        finish: () => work,
      };
    },
    pushErrorScope: (kind: string) => void scopes.push({ kind, error: null }),
    popErrorScope: () => Promise.resolve(scopes.pop()?.error ?? null),
  });
  Object.assign(device.queue, {
    submit: (commands: readonly (readonly Pipeline[])[]) => {
      for (const { code: _, ...work } of commands.flat()) {
        done.push(work);
        clock.advance(msOf(work));
      }
    },
  });
  return timed;
}
