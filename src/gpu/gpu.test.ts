import { describe, expect, it } from 'vitest';
import { StarlingError } from '../base/errors.ts';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poison, poisoned, randomNormal } from '../testing/gpu.ts';
import { Gpu } from './gpu.ts';
import { f32, foldGroups, i32, packWords, u32, type KernelSource } from './kernel.ts';
import { reshape, slice } from './tensor.ts';

const gpu = await openTestGpu();
const seed = 20260107;

/** out[i] = in[i] * scale + offset, one element a workgroup: many workgroups for little memory. */
const affine: KernelSource = {
  name: 'test-affine',
  code: `
    struct Params { scale: f32, offset: f32 }
    @group(0) @binding(0) var<uniform> params: Params;
    @group(0) @binding(1) var<storage, read> source: array<f32>;
    @group(0) @binding(2) var<storage, read_write> out: array<f32>;
    @compute @workgroup_size(1)
    fn main(@builtin(workgroup_id) wid: vec3u) {
      let i = wid.y * 65535u + wid.x;
      if (i < arrayLength(&out)) {
        out[i] = source[i] * params.scale + params.offset;
      }
    }`,
  entry: 'main',
  bindings: ['read', 'write'],
  uniforms: true,
  promise: { kind: 'close', relativeL2: 1e-6 },
};

/** in[i] counts up from `first`. */
const counting = (length: number, first = 0): Float32Array<ArrayBuffer> =>
  new Float32Array(length).map((_, i) => first + i);

describe('tensors', () => {
  it('are zeroed when made without data, even where another tensor has just been freed', async () => {
    for (let round = 0; round < 4; round++) {
      const used = gpu.tensor([5000], 'f32', 'used', poisoned(5000));
      await gpu.idle();
      gpu.free(used);
      const fresh = gpu.tensor([5000], 'f32', 'fresh');
      expect(new Set(await gpu.readF32(fresh))).toEqual(new Set([0]));
      gpu.free(fresh);
    }
  });

  it(`read back what was written, bit for bit, in every type (seed ${seed})`, async () => {
    const random = new SeededRandom(seed);
    const words = new Uint32Array(1001).map(() => random.u32());
    const floats = randomNormal(random, 1001, 1e3);
    const tensors = [
      gpu.tensor([1001], 'u32', 'u', words),
      gpu.tensor([7, 143], 'i32', 'i', new Int32Array(words.buffer)),
      gpu.tensor([1001], 'f32', 'f', floats),
    ] as const;
    expect(await gpu.readU32(tensors[0])).toEqual(words);
    expect(await gpu.readI32(tensors[1])).toEqual(new Int32Array(words.buffer));
    expect(await gpu.readF32(tensors[2])).toEqual(floats);
    gpu.free(...tensors);
  });

  it('slice without copying: offsets count in elements and add up', async () => {
    const whole = gpu.tensor([512], 'f32', 'whole', counting(512));
    const middle = slice(whole, 128, [4, 64]);
    const inner = slice(middle, 64, [3]);
    expect(await gpu.readF32(middle)).toEqual(counting(256, 128));
    expect(await gpu.readF32(inner)).toEqual(counting(3, 192));
    gpu.write(inner, Float32Array.of(-1, -2, -3));
    const after = counting(512);
    after.set([-1, -2, -3], 192);
    expect(await gpu.readF32(whole)).toEqual(after);
    gpu.free(whole);
  });

  it('take a prefix and keep the rest', async () => {
    const tensor = gpu.tensor([6], 'f32', 'tensor', counting(6));
    gpu.writePrefix(tensor, Float32Array.of(9, 8));
    gpu.writePrefix(tensor, new Float32Array(0));
    expect(await gpu.readF32(tensor)).toEqual(Float32Array.of(9, 8, 2, 3, 4, 5));
    gpu.free(tensor);
  });

  it('refuse what does not fit', () => {
    const tensor = gpu.tensor([256], 'f32', 'tensor');
    const attempts: Record<string, () => unknown> = {
      'a slice past the end': () => slice(tensor, 192, [65]),
      'a slice before the start': () => slice(tensor, -64, [1]),
      'a slice of a slice past its end': () => slice(slice(tensor, 64, [64]), 64, [1]),
      'a slice that WebGPU could not bind': () => slice(tensor, 1, [1]),
      'a reshape of another length': () => reshape(tensor, [16, 17]),
      'too many values': () => {
        gpu.write(tensor, new Float32Array(257));
      },
      'too few values': () => {
        gpu.write(tensor, new Float32Array(255));
      },
      'a prefix longer than the tensor': () => {
        gpu.writePrefix(tensor, new Float32Array(257));
      },
    };
    for (const [what, attempt] of Object.entries(attempts)) {
      expect(attempt, what).toThrow(/invariant broken/);
    }
    gpu.free(tensor);
  });

  it('count as allocated until freed, once each', () => {
    const before = gpu.bytesAllocated;
    const tensor = gpu.tensor([300], 'f32', 'tensor');
    expect(gpu.bytesAllocated - before).toBe(1200);
    gpu.free(tensor, tensor);
    expect(gpu.bytesAllocated).toBe(before);
  });
});

describe('reads', () => {
  it('bring several tensors and slices in one mapping, in the order asked for', async () => {
    const a = gpu.tensor([130], 'f32', 'a', counting(130));
    const b = gpu.tensor([3], 'u32', 'b', Uint32Array.of(7, 8, 0xffffffff));
    const c = gpu.tensor([2], 'i32', 'c', Int32Array.of(-5, 6));
    const read = await gpu.read(b, slice(a, 128, [2]), c, b, a);
    expect(read).toEqual([
      Uint32Array.of(7, 8, 0xffffffff),
      Float32Array.of(128, 129),
      Int32Array.of(-5, 6),
      Uint32Array.of(7, 8, 0xffffffff),
      counting(130),
    ]);
    gpu.free(a, b, c);
  });

  it('of nothing give nothing', async () => {
    expect(await gpu.read()).toEqual([]);
  });

  it('in flight at once each see the writes before them and none after', async () => {
    const tensor = gpu.tensor([3000], 'f32', 'tensor');
    const pending: Promise<Float32Array>[] = [];
    for (let k = 0; k < 12; k++) {
      gpu.write(tensor, counting(3000, 10_000 * k));
      // Different lengths, so that a read-back buffer taken twice or too small would show.
      pending.push(gpu.readF32(slice(tensor, 0, [3000 - 200 * k])));
    }
    for (const [k, values] of (await Promise.all(pending)).entries()) {
      expect(values, `read ${k}`).toEqual(counting(3000 - 200 * k, 10_000 * k));
    }
    gpu.free(tensor);
  });

  it('give large read-back buffers back, and keep small ones for the next read', async () => {
    const { device } = gpu;
    const create = device.createBuffer.bind(device);
    const made: { size: number; destroyed: boolean }[] = [];
    device.createBuffer = (descriptor) => {
      const buffer = create(descriptor);
      const record = { size: descriptor.size, destroyed: false };
      made.push(record);
      const destroy = buffer.destroy.bind(buffer);
      buffer.destroy = () => {
        record.destroyed = true;
        return destroy();
      };
      return buffer;
    };
    const large = gpu.tensor([(1 << 20) + 64], 'f32', 'large');
    const medium = gpu.tensor([1 << 20], 'f32', 'medium');
    made.length = 0;
    await gpu.readF32(large);
    await gpu.readF32(medium);
    await gpu.readF32(medium);
    Reflect.deleteProperty(device, 'createBuffer'); // the prototype's own again
    expect(made).toEqual([
      { size: 4 * large.length, destroyed: true },
      { size: 4 * medium.length, destroyed: false },
    ]);
    gpu.free(large, medium);
  });

  it('refuse a tensor of another type', async () => {
    const tensor = gpu.tensor([2], 'i32', 'tensor');
    await expect(gpu.readF32(tensor)).rejects.toThrow(/not f32/);
    gpu.free(tensor);
  });
});

describe('kernels', () => {
  it.each([1, 65_535, 65_536, 2 * 65_535 + 17])(
    'reach each of %i workgroups once the count is folded into two dimensions',
    async (count) => {
      const source = gpu.tensor([count], 'f32', 'source', counting(count));
      const out = gpu.tensor([count], 'f32', 'out', poisoned(count));
      gpu.submit([gpu.kernels.bind(affine, [source, out], foldGroups(count), [f32(2), f32(1)])]);
      expect(await gpu.readF32(out)).toEqual(new Float32Array(count).map((_, i) => 2 * i + 1));
      gpu.free(source, out);
    },
  );

  it('read and write only their slice', async () => {
    const source = gpu.tensor([256], 'f32', 'source', counting(256));
    const out = gpu.tensor([256], 'f32', 'out', poisoned(256));
    const [from, to] = [slice(source, 64, [70]), slice(out, 128, [70])];
    // More workgroups than elements: the binding ends where the slice does.
    gpu.submit([gpu.kernels.bind(affine, [from, to], foldGroups(200), [f32(1), f32(0)])]);
    const expected = poisoned(256);
    expected.set(counting(70, 64), 128);
    expect(await gpu.readF32(out)).toEqual(expected);
    gpu.free(source, out);
  });

  it('run in the order submitted, each submit with the uniforms set before it, after what it clears', async () => {
    const a = gpu.tensor([4], 'f32', 'a', counting(4));
    const b = gpu.tensor([4], 'f32', 'b');
    const forth = gpu.kernels.bind(affine, [a, b], [4, 1, 1], [f32(1), f32(1)]);
    const back = gpu.kernels.bind(affine, [b, a], [4, 1, 1], [f32(10), f32(0)]);
    const seen: string[] = [];
    gpu.onDispatch = (dispatch) => seen.push(dispatch.tensors.map(({ label }) => label).join('>'));
    gpu.submit([forth, back]); // a = 10 (a + 1)
    forth.setUniforms([f32(1), f32(2)]);
    gpu.submit([forth, back]); // a = 10 (a + 2)
    expect(await gpu.readF32(a)).toEqual(counting(4).map((n) => 10 * (10 * (n + 1) + 2)));
    gpu.submit([forth], [a]);
    expect(await gpu.readF32(b)).toEqual(new Float32Array(4).fill(2));
    gpu.onDispatch = undefined;
    expect(seen).toEqual(['a>b', 'b>a', 'a>b', 'b>a', 'a>b']);
    gpu.free(a, b);
  });

  it('clear a slice and nothing beside it', async () => {
    const tensor = gpu.tensor([192], 'f32', 'tensor', poisoned(192));
    gpu.submit([], [slice(tensor, 64, [64])]);
    const expected = poisoned(192).fill(0, 64, 128);
    expect(await gpu.readF32(tensor)).toEqual(expected);
    expect(expected[0]).toBe(Math.fround(poison));
    gpu.free(tensor);
  });

  it('refuse tensors and uniform words other than those they declare', () => {
    const a = gpu.tensor([4], 'f32', 'a');
    const b = gpu.tensor([4], 'f32', 'b');
    const bind = gpu.kernels.bind.bind(gpu.kernels);
    expect(() => bind(affine, [a], [1, 1, 1], [f32(1), f32(0)])).toThrow(/1 tensors bound/);
    expect(() => bind(affine, [a, b], [1, 1, 1])).toThrow(/uniform words/);
    const bound = bind(affine, [a, b], [1, 1, 1], [f32(1), f32(0)]);
    expect(() => {
      bound.setUniforms([f32(1)]);
    }).toThrow(/wrong uniform words/);
    gpu.free(a, b);
  });

  it('get their uniform words as 4-byte little-endian members, padded to 16 bytes', () => {
    const words = packWords([u32(0xfffffffe), i32(-2), f32(1.5), u32(1), u32(9)]);
    expect(words.byteLength).toBe(32);
    expect([...new Uint32Array(words)]).toEqual([0xfffffffe, 0xfffffffe, 0x3fc00000, 1, 9, 0, 0, 0]);
  });
});

describe('opening a GPU', () => {
  it('says what to do where there is no WebGPU or no adapter', async () => {
    const empty = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
    await expect(Gpu.open(undefined)).rejects.toMatchObject({ code: 'no-webgpu' });
    await expect(Gpu.open(empty)).rejects.toMatchObject({ code: 'no-adapter' });
    await expect(Gpu.open(empty)).rejects.toBeInstanceOf(StarlingError);
  });
});
