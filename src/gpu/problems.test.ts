import { describe, expect, it } from 'vitest';
import { FakeGpu } from '../testing/fake-gpu.ts';
import { kernelOf, openTestGpu } from '../testing/gpu.ts';
import { Gpu } from './gpu.ts';
import { gpuProblem, kindOf, lossOf, subjectOf } from './problems.ts';
import { nodeGpu } from '../hosts/node.ts';

const gpu = await openTestGpu();

const source = (name: string, body: string) =>
  kernelOf(name, `@compute @workgroup_size(1) fn main() { ${body} }`);

/** Calls of a method of the device while `work` runs. */
async function callsOf(method: 'createComputePipeline' | 'createComputePipelineAsync', work: () => unknown) {
  const { device } = gpu;
  const original = device[method].bind(device) as (descriptor: GPUComputePipelineDescriptor) => unknown;
  let calls = 0;
  Object.assign(device, {
    [method]: (descriptor: GPUComputePipelineDescriptor) => {
      calls++;
      return original(descriptor);
    },
  });
  await work();
  Reflect.deleteProperty(device, method); // the prototype's own again
  return calls;
}

describe('preparing', () => {
  it('gives what was made, with every pipeline compiled off this thread and none at the first submit', async () => {
    const prepared = gpu.prepare('a test', () => {
      const out = gpu.tensor([2], 'u32', 'out');
      return { out, dispatch: gpu.kernels.bind(source('prepared', 'out[1] = 7u;'), [out], [1, 1, 1]) };
    });
    const { out, dispatch } = await prepared;
    const blocking = await callsOf('createComputePipeline', () => {
      gpu.submit([dispatch, dispatch]);
    });
    expect(blocking).toBe(0);
    expect(await gpu.readU32(out)).toEqual(Uint32Array.of(0, 7));
    expect(await callsOf('createComputePipelineAsync', () => gpu.kernels.compileAhead())).toBe(0);
    gpu.free(out);
  });

  it('compiles a kernel that nobody prepared at its first submit, once', async () => {
    const out = gpu.tensor([1], 'u32', 'out');
    const bind = () => gpu.kernels.bind(source('unprepared', 'out[0] += 2u;'), [out], [1, 1, 1]);
    const blocking = await callsOf('createComputePipeline', () => {
      gpu.submit([bind(), bind()]);
    });
    expect(blocking).toBe(1);
    expect(await gpu.readU32(out)).toEqual(Uint32Array.of(4));
    gpu.free(out);
  });

  it('refuses what the GPU refuses, with a code, a fix and nothing left behind', async () => {
    const before = gpu.bytesAllocated;
    const invalid = gpu.prepare('an odd buffer', () => {
      gpu.tensor([1000], 'f32', 'left over');
      gpu.device.createBuffer({ size: 4, usage: 0x01 | 0x80 }); // MAP_READ beside STORAGE
    });
    await expect(invalid).rejects.toMatchObject({ code: 'gpu-validation' });
    const uncompilable = gpu.prepare('a typo', () => {
      const out = gpu.tensor([1], 'u32', 'out');
      gpu.kernels.bind(source('prepared-wrong', 'out[0] = nowhere;'), [out], [1, 1, 1]);
    });
    await expect(uncompilable).rejects.toMatchObject({ code: 'gpu-validation' });
    const thrown = gpu.prepare('a bug', () => {
      gpu.tensor([1000], 'f32', 'left over');
      throw new RangeError('of ours');
    });
    await expect(thrown).rejects.toThrow('of ours');
    expect(gpu.bytesAllocated).toBe(before);
  });

  it('names a smaller run where memory runs out, before what follows from that', async () => {
    const { device } = gpu;
    const pop = device.popErrorScope.bind(device);
    const said = [{ message: 'invalid buffer' }, null, { message: '2 GB wanted' }] as (GPUError | null)[];
    device.popErrorScope = async () => {
      await pop();
      return said.shift() ?? null;
    };
    const before = gpu.bytesAllocated;
    const failing = gpu.prepare('the model', () => gpu.tensor([64], 'f32', 'logits'));
    await expect(failing).rejects.toMatchObject({
      code: 'gpu-out-of-memory',
      message: 'The GPU has no memory left for the model: 2 GB wanted',
      fix: expect.stringContaining('smaller size') as string,
    });
    Reflect.deleteProperty(device, 'popErrorScope');
    expect(gpu.bytesAllocated).toBe(before);
    const huge = () => gpu.tensor([2 ** 20, 2 ** 20], 'f32', 'logits');
    expect(huge).toThrow(expect.objectContaining({ code: 'gpu-out-of-memory' }));
  });
});

describe('errors of a GPU', () => {
  it('have a code of their kind', () => {
    class GPUOutOfMemoryError extends Error {}
    class GPUInternalError extends Error {}
    class GPUValidationError extends Error {}
    const kinds = [GPUOutOfMemoryError, GPUInternalError, GPUValidationError].map((error) =>
      kindOf(new error('')),
    );
    expect(kinds).toEqual(['out-of-memory', 'internal', 'validation']);
    expect(kinds.map((kind) => gpuProblem(kind, 'x', 'y').code)).toEqual([
      'gpu-out-of-memory',
      'gpu-internal',
      'gpu-validation',
    ]);
  });

  it('are about what their text names first', async () => {
    const other = await Gpu.open(nodeGpu());
    const told = new Promise<string>((resolve) => {
      other.device.addEventListener('uncapturederror', ({ error }) => {
        resolve(error.message);
      });
    });
    const a = other.tensor([4], 'u32', 'too short');
    other.device.queue.writeBuffer(a.buffer, 0, new Uint32Array(8));
    // Dawn names the buffer, Firefox does not: then its first line is what is counted once.
    const said = await told;
    expect(['too short', said.split('\n', 1)[0]]).toContain(subjectOf(said));
    expect(subjectOf('Write range does not fit in [Buffer "too short"] size (16).\n - While "calling"')).toBe(
      'too short',
    );
    expect(subjectOf('no name\n - while at it')).toBe('no name');
    other.close();
  });

  it('tell of a device that was destroyed behind our back', async () => {
    const other = await Gpu.open(nodeGpu());
    other.device.destroy();
    expect(await other.lost).toMatchObject({ code: 'gpu-lost' });
  });

  it('tell of a lost device, but not of one we closed', async () => {
    const other = await Gpu.open(nodeGpu());
    const outcome = Promise.race([
      other.lost.then(() => 'lost'),
      other.device.lost.then(() => new Promise((resolve) => setTimeout(resolve, 20, 'closed'))),
    ]);
    other.close();
    expect(await outcome).toBe('closed');
    const stub = {
      lost: Promise.resolve({ reason: 'unknown', message: 'driver reset' }),
    } as unknown as GPUDevice;
    expect(await lossOf(stub)).toMatchObject({
      code: 'gpu-lost',
      message: 'The GPU was lost: driver reset',
    });
  });
});

describe('waiting for a device that is lost and never answers', () => {
  it.each<[string, (gpu: Gpu) => Promise<unknown>]>([
    ['a read-back', (other) => other.readU32(other.tensor([4], 'u32', 'a'))],
    ['the end of what was submitted', (other) => other.idle()],
    ['what is prepared', (other) => other.prepare('a model', () => other.tensor([4], 'u32', 'b'))],
  ])('ends %s with the loss, begun before it or after', async (_, wait) => {
    const fake = new FakeGpu();
    const other = await Gpu.open(fake.entry);
    await wait(other); // one that answers
    const device = fake.newest;
    device.answers = false;
    const begun = wait(other);
    device.lose('driver reset');
    const lost = { code: 'gpu-lost', message: 'The GPU was lost: driver reset' };
    await expect(begun).rejects.toMatchObject(lost);
    await expect(wait(other)).rejects.toMatchObject(lost);
  });
});
