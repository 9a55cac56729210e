import { realClock } from '../../../src/base/clock.ts';
import { Gpu } from '../../../src/gpu/gpu.ts';
import type { Dispatch } from '../../../src/gpu/kernel.ts';
import type { Tensor } from '../../../src/gpu/tensor.ts';
import { attention, attentionBackward } from '../../../src/kernels/attention.ts';
import { attentionFamily } from '../../../src/kernels/attention-tuner.ts';
import { tuneMatmul } from '../../../src/kernels/matmul-tuner.ts';
import type { Transpose } from '../../../src/kernels/matmul.reference.ts';
import { matmul } from '../../../src/kernels/matmul.ts';
import { tune } from '../../../src/kernels/tuner.ts';
import { ourTrainer } from './ours-trainer.ts';
import { settled } from '../settle.ts';
import type {
  AttentionInputs,
  AttentionSize,
  AttentionWork,
  Library,
  MatmulSize,
  Prepared,
  StepSetup,
  Trainer,
} from '../types.ts';

/** What src/volunteer/tuning.ts gives all products of a model; here each row has it for its one. */
const tuneMs = 2_000;

/** Our shipped kernels: the very files that train. */
export class Ours implements Library {
  readonly name = 'ours';
  readonly version: string;
  readonly gpu: Gpu;

  private constructor(gpu: Gpu, version: string) {
    this.gpu = gpu;
    this.version = version;
  }

  static async open(entry: GPU | undefined, version: string): Promise<Ours> {
    return new Ours(await Gpu.open(entry), version);
  }

  get device(): GPUDevice {
    return this.gpu.device;
  }

  trainer(setup: StepSetup): Promise<Trainer> {
    return ourTrainer(this.gpu, setup);
  }

  /** By the variant that the tuner picks, given the time it has at join. */
  matmul = async (
    { m, k, n }: MatmulSize,
    sets: readonly (readonly Float32Array<ArrayBuffer>[])[],
    transpose: Transpose = 'nn',
  ): Promise<Prepared> => {
    const { gpu } = this;
    await tuneMatmul(gpu, [{ m, n, k, transpose }], { clock: realClock, budgetMs: tuneMs });
    const bound = sets.map(([aValues, bValues]) => {
      const a = gpu.tensor(transpose === 'tn' ? [k, m] : [m, k], 'f32', 'a', aValues);
      const b = gpu.tensor(transpose === 'nt' ? [n, k] : [k, n], 'f32', 'b', bValues);
      const out = gpu.tensor([m, n], 'f32', 'out');
      return { out, owned: [a, b, out], dispatches: [matmul(gpu, { a, b, out, m, n, k, transpose })] };
    });
    return this.#prepared(bound);
  };

  /** As `matmul`, by what the tuner picks. */
  attention = async (
    size: AttentionSize,
    work: AttentionWork,
    sets: readonly AttentionInputs[],
  ): Promise<Prepared> => {
    const { gpu } = this;
    await tune(gpu.choices, [attentionFamily(gpu, size)], { clock: realClock, budgetMs: tuneMs });
    const { batch, sequence, heads, headSize } = size;
    const width = heads * headSize;
    const rows = batch * sequence;
    const bound = sets.map(({ q, k, v, dOut: dOutValues }) => {
      const make = (columns: number, name: string, data?: Float32Array<ArrayBuffer>): Tensor =>
        gpu.tensor([rows, columns], 'f32', name, data);
      const [lse, delta] = ['lse', 'delta'].map((name) => gpu.tensor([batch, heads, sequence], 'f32', name));
      const qkv = make(3 * width, 'qkv', packed([q, k, v], width));
      const [out, dOut, dQkv] = [
        make(width, 'out'),
        make(width, 'dOut', dOutValues),
        make(3 * width, 'dQkv'),
      ];
      const forward = attention(gpu, { qkv, out, lse, ...size });
      const backward = attentionBackward(gpu, { qkv, out, lse, dOut, dQkv, delta, ...size });
      if (work === 'backward') gpu.submit([forward]);
      const dispatches = { forward: [forward], backward, both: [forward, ...backward] }[work];
      const owned = [lse, delta, qkv, out, dOut, dQkv];
      return { out: work === 'forward' ? out : dQkv, owned, dispatches };
    });
    const prepared = this.#prepared(bound);
    if (work === 'forward') return prepared;
    return { ...prepared, result: async () => unpacked(await prepared.result(), width) };
  };

  #prepared(
    bound: readonly { out: Tensor; owned: readonly Tensor[]; dispatches: readonly Dispatch[] }[],
  ): Prepared {
    const { gpu } = this;
    const run = async (set: number): Promise<void> => {
      gpu.submit(bound[set].dispatches);
      await settled(gpu.device);
    };
    return {
      run,
      result: async () => {
        await run(0);
        return gpu.readF32(bound[0].out);
      },
      free: () => {
        for (const { owned } of bound) gpu.free(...owned);
      },
    };
  }
}

/** Three [N, d] as one [N, 3d], q|k|v in each row. */
function packed(parts: readonly Float32Array[], width: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(3 * parts[0].length);
  parts.forEach((part, which) => {
    part.forEach((value, i) => {
      out[Math.floor(i / width) * 3 * width + which * width + (i % width)] = value;
    });
  });
  return out;
}

/** [N, 3d] as its three [N, d], one after the other. */
function unpacked(values: Float32Array, width: number): Float32Array {
  const rows = values.length / (3 * width);
  return values.map((_, i) => {
    const [which, row] = [Math.floor(i / (rows * width)), Math.floor(i / width) % rows];
    return values[row * 3 * width + which * width + (i % width)];
  });
}
