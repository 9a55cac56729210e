import type { KernelSource } from '../../../src/gpu/kernel.ts';
import { inputSets } from '../interleave.ts';
import type { Ours } from '../libraries/ours.ts';
import { settled } from '../settle.ts';
import { quantile } from '../statistics.ts';
import type { Roofline } from '../types.ts';

/**
 * What this adapter can do at best, measured, not read from a data sheet. Copy: out[i] = in[i] in vec4, many times the
 * caches; the bytes are those read and those written. FMA: chains long enough to hide latency, in registers alone.
 */
const copySource: KernelSource = {
  name: 'bench-copy',
  code: `
    @group(0) @binding(1) var<storage, read> source: array<vec4f>;
    @group(0) @binding(2) var<storage, read_write> target_: array<vec4f>;
    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
      let stride = groups.x * 64u;
      for (var i = id.x; i < QUADS; i += stride) {
        target_[i] = source[i];
      }
    }`,
  entry: 'main',
  bindings: ['read', 'write'],
  uniforms: false,
  promise: { kind: 'bitwise' },
};

const chains = 8;
const fmasPerChain = 1024;
const fmaSource: KernelSource = {
  name: 'bench-fma',
  code: `
    @group(0) @binding(1) var<storage, read> source: array<vec4f>;
    @group(0) @binding(2) var<storage, read_write> out: array<vec4f>;
    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3u) {
      let a = source[id.x & 63u];
      let b = source[(id.x + 1u) & 63u];
      ${Array.from({ length: chains }, (_, c) => `var c${c} = a + vec4f(${c}.0);`).join('\n')}
      for (var i = 0u; i < ${fmasPerChain / 8}u; i++) {
        ${Array.from({ length: 8 }, () => Array.from({ length: chains }, (_, c) => `c${c} = fma(a, c${c}, b);`).join(' ')).join('\n')}
      }
      out[id.x] = ${Array.from({ length: chains }, (_, c) => `c${c}`).join(' + ')};
    }`,
  entry: 'main',
  bindings: ['read', 'write'],
  uniforms: false,
  promise: { kind: 'close', relativeL2: 1e-5 },
};

export async function roofline({ gpu }: Ours, runs: number): Promise<Roofline> {
  const { software } = gpu.adapter;
  const bytes = software ? 1 << 24 : 1 << 27; // 128 MiB, the most every WebGPU device binds
  const buffers = Array.from({ length: inputSets + 1 }, (_, i) =>
    gpu.tensor([bytes / 4], 'f32', `copy.${i}`),
  );
  const copies = Array.from({ length: inputSets }, (_, i) =>
    gpu.kernels.bind(
      { ...copySource, sizes: { QUADS: bytes / 16 } },
      [buffers[i], buffers[i + 1]],
      [software ? 256 : 8192, 1, 1],
    ),
  );
  const invocations = software ? 1 << 12 : 1 << 20;
  const factors = gpu.tensor([64, 4], 'f32', 'factors', new Float32Array(256).fill(0.5));
  const sums = gpu.tensor([invocations, 4], 'f32', 'sums');
  const fma = gpu.kernels.bind(fmaSource, [factors, sums], [invocations / 64, 1, 1]);
  const best = async (run: (i: number) => void): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < Math.max(6, runs); i++) {
      const start = performance.now();
      run(i);
      await settled(gpu.device);
      if (i > 1) times.push(performance.now() - start);
    }
    return quantile(times, 0.1); // a roof: the best but for luck
  };
  const copyMs = await best((i) => {
    gpu.submit([copies[i % inputSets]]);
  });
  const fmaMs = await best(() => {
    gpu.submit([fma]);
  });
  gpu.free(...buffers, factors, sums);
  return {
    copyGBs: (2 * bytes) / copyMs / 1e6,
    fmaGflops: (2 * 4 * invocations * chains * fmasPerChain) / fmaMs / 1e6,
  };
}
