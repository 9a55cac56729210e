import { afterAll } from 'vitest';
import type { SeededRandom } from '../base/random.ts';
import { Gpu } from '../gpu/gpu.ts';
import type { KernelSource } from '../gpu/kernel.ts';
import { nodeGpu } from '../hosts/node.ts';

/** Opens Dawn for the tests of one file and closes it after them. No adapter is an error, never a silent pass. */
export async function openTestGpu(): Promise<Gpu> {
  const gpu = await Gpu.open(nodeGpu());
  const errors: string[] = [];
  gpu.device.addEventListener('uncapturederror', (event) => errors.push(event.error.message));
  afterAll(async () => {
    await gpu.idle();
    gpu.close();
    if (errors.length > 0) throw new Error(`WebGPU reported errors:\n${errors.join('\n')}`);
  });
  return gpu;
}

/** A kernel that writes u32s to `out`, its only tensor. */
export const kernelOf = (name: string, code: string): KernelSource => ({
  name,
  code: `@group(0) @binding(1) var<storage, read_write> out: array<u32>;\n${code}`,
  entry: 'main',
  bindings: ['write'],
  uniforms: false,
  promise: { kind: 'bitwise' },
});

/** A value no kernel writes by chance: outputs start as this, so an element left unwritten shows. */
export const poison = 12345.678;

export const poisoned = (length: number): Float32Array<ArrayBuffer> => new Float32Array(length).fill(poison);

/** Roughly normal draws, rounded to f32. */
export function randomNormal(random: SeededRandom, length: number, scale = 1): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, () => random.normal() * scale);
}

/** ||actual - expected|| / ||expected||, in float64; NaN anywhere gives Infinity. */
export function relativeL2(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i] ?? NaN;
    const e = expected[i] ?? NaN;
    difference += (a - e) ** 2;
    norm += e ** 2;
  }
  const ratio = norm === 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
  return Number.isNaN(ratio) ? Infinity : ratio;
}
