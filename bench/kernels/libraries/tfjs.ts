import * as tf from '@tensorflow/tfjs-core';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { tfjsTrainer } from './tfjs-trainer.ts';
import { settled } from '../settle.ts';
import type { Library } from '../types.ts';

export async function openTfjs(version: string): Promise<Library> {
  await tf.setBackend('webgpu');
  await tf.ready();
  const backend = tf.backend();
  if (!(backend instanceof WebGPUBackend)) throw new Error(`tfjs chose ${tf.getBackend()}, not webgpu`);
  const { device } = backend;
  const wait = async (): Promise<void> => {
    // It holds dispatches back to submit several at once; where none is held there is nothing to end or submit.
    if ((backend as unknown as { commandEncoder: unknown }).commandEncoder !== null) {
      backend.endComputePassEncoder();
      backend.submitQueue();
    }
    await settled(device);
  };
  return {
    name: 'tfjs',
    version,
    device,
    trainer: (setup) => Promise.resolve(tfjsTrainer(wait, setup)),
    matmul: async ({ m, k, n }, sets) => {
      const tensors = sets.map(([a, b]) => [tf.tensor2d(a, [m, k]), tf.tensor2d(b, [k, n])] as const);
      for (const tensor of tensors.flat()) backend.uploadToGPU(tensor.dataId);
      await wait();
      const compute = async (set: number): Promise<tf.Tensor> => {
        const out = tf.matMul(tensors[set][0], tensors[set][1]);
        await wait();
        return out;
      };
      return {
        run: async (set) => {
          (await compute(set)).dispose();
        },
        result: async () => {
          const out = await compute(0);
          const values = await out.data<'float32'>();
          out.dispose();
          return values;
        },
        free: () => {
          tf.dispose(tensors as unknown as tf.TensorContainer);
        },
      };
    },
  };
}
