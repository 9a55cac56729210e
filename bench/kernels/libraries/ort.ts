import type * as OnnxRuntime from 'onnxruntime-web/webgpu';
import { oneNodeModel } from '../onnx.ts';
import { settled } from '../settle.ts';
import type { Library, Prepared } from '../types.ts';

/** Where the bench's server has the files of onnxruntime-web. */
export const ortFolder = '/ort/';

type Ort = typeof OnnxRuntime;
type Shapes = Readonly<Record<string, readonly number[]>>;
type Values = Readonly<Record<string, Float32Array<ArrayBuffer>>>;

export async function openOrt(version: string): Promise<Library> {
  const ort = (await import(/* @vite-ignore */ `${ortFolder}ort.webgpu.min.mjs`)) as Ort;
  ort.env.wasm.wasmPaths = ortFolder;
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  let device: GPUDevice | undefined;

  /** A session of one node whose inputs and output stay on the GPU. */
  const session = async (
    model: Uint8Array<ArrayBuffer>,
    shapes: Shapes,
    output: string,
    sets: readonly Values[],
  ): Promise<Prepared> => {
    const made = await ort.InferenceSession.create(model, {
      executionProviders: ['webgpu'],
      preferredOutputLocation: 'gpu-buffer',
    });
    const gpu = await ort.env.webgpu.device;
    device = gpu;
    const buffers: GPUBuffer[] = [];
    const feeds = sets.map((values) =>
      Object.fromEntries(
        Object.entries(values).map(([name, data]) => {
          const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
          const buffer = gpu.createBuffer({ size: data.byteLength, usage });
          gpu.queue.writeBuffer(buffer, 0, data);
          buffers.push(buffer);
          const dims = [...shapes[name]];
          return [name, ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims })];
        }),
      ),
    );
    return {
      run: async (set) => {
        const results = await made.run(feeds[set]);
        await settled(gpu);
        results[output].dispose();
      },
      result: async () => {
        const results = await made.run(feeds[0]);
        const values = (await results[output].getData(true)) as Float32Array;
        results[output].dispose();
        return values;
      },
      free: () => {
        for (const buffer of buffers) buffer.destroy();
        void made.release();
      },
    };
  };

  const matmul: Library['matmul'] = ({ m, k, n }, sets) => {
    const shapes = { a: [m, k], b: [k, n] };
    const node = { op: 'MatMul', domain: '', inputs: ['a', 'b'], outputs: ['c'] };
    return session(
      oneNodeModel(node, shapes, { c: [m, n] }),
      shapes,
      'c',
      sets.map(([a, b]) => ({ a, b })),
    );
  };
  // The device is made with the first session.
  const one = Float32Array.of(1);
  (await matmul({ m: 1, k: 1, n: 1 }, [[one, one]])).free();
  if (device === undefined) throw new Error('onnxruntime-web made no device');
  return { name: 'ort', version, device, matmul };
}
