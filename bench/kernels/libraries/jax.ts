import {
  blockUntilReady,
  defaultDevice,
  getWebGPUDevice,
  init,
  jit,
  nn,
  numpy as np,
  vjp,
} from '@jax-js/jax';
import { jaxTrainer } from './jax-trainer.ts';
import { settled } from '../settle.ts';
import type { Library, Prepared } from '../types.ts';

type Value = np.Array;

/** A row made of one jax expression: `compute` makes new arrays from set i and keeps those it is given alive by `.ref`. */
function prepared(device: GPUDevice, compute: (set: number) => Value[], free: () => void): Prepared {
  const run = async (set: number): Promise<Value[]> => {
    const out = compute(set);
    await blockUntilReady(out); // submits: jax-js is lazy
    await settled(device);
    return out;
  };
  return {
    run: async (set) => {
      for (const array of await run(set)) array.dispose();
    },
    result: async () => {
      const parts: Float32Array[] = [];
      for (const array of await run(0)) parts.push((await array.data()) as Float32Array<ArrayBuffer>);
      return concatenated(parts);
    },
    free,
  };
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export async function openJax(version: string): Promise<Library> {
  await init('webgpu');
  defaultDevice('webgpu');
  const device = getWebGPUDevice();
  return {
    name: 'jax',
    version,
    device,
    trainer: (setup) => Promise.resolve(jaxTrainer(device, setup)),
    attention: async ({ batch, sequence, heads, headSize }, work, sets) => {
      if (work === 'backward') return undefined; // its backward alone is not to be had in one piece
      const shape = [batch, sequence, heads, headSize];
      const arrays = sets.map(({ q, k, v, dOut }) =>
        [q, k, v, dOut].map((values) => np.array(values).reshape(shape)),
      );
      await blockUntilReady(arrays);
      const causal = (q: Value, k: Value, v: Value): Value =>
        nn.dotProductAttention(q, k, v, { isCausal: true });
      const forward = jit(causal);
      const both = jit((q: Value, k: Value, v: Value, dOut: Value) => {
        const [out, back] = vjp(causal, [q, k, v]);
        return [out, ...back(dOut)];
      });
      const compute = (set: number): Value[] => {
        const [q, k, v, dOut] = arrays[set].map((array) => array.ref);
        if (work === 'both') return both(q, k, v, dOut);
        dOut.dispose();
        return [forward(q, k, v)];
      };
      const all = prepared(device, compute, () => {
        for (const array of arrays.flat()) array.dispose();
        forward.dispose();
        both.dispose();
      });
      const outputs = batch * sequence * heads * headSize;
      return work === 'forward' ? all : { ...all, result: async () => (await all.result()).slice(outputs) };
    },
    matmul: async ({ m, k, n }, sets) => {
      const arrays = sets.map(([a, b]) => [np.array(a).reshape([m, k]), np.array(b).reshape([k, n])]);
      await blockUntilReady(arrays);
      return prepared(
        device,
        (set) => [np.matmul(arrays[set][0].ref, arrays[set][1].ref)],
        () => {
          for (const array of arrays.flat()) array.dispose();
        },
      );
    },
  };
}
