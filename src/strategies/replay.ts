import { blockLayout, type ParameterSpec } from '../compression/blocks.ts';
import { StateDigest } from '../compression/state-digest.ts';
import { allocatePages } from '../model/pages.ts';
import { DistroStrategy } from './distro.ts';
import type { Replay } from './replay-fixture.ts';
import type { Trainable } from './trainable.ts';

type Gpu = Trainable['gpu'];

/**
 * Tensors of a model with given values (f32 [all elements]) and no gradients, in pages, as a replica keeps them: enough
 * to apply records to.
 */
export function bareReplica(
  gpu: Gpu,
  specs: readonly ParameterSpec[],
  initial: Float32Array,
): Trainable & { close: () => void } {
  const layout = { specs, length: blockLayout(specs).length };
  const [values, gradients] = ['values', 'gradient'].map((label) => allocatePages(gpu, layout, label));
  const tensors = specs.map((spec, index) => {
    gpu.write(values.tensors[index], initial.slice(spec.offset, spec.offset + spec.rows * spec.cols));
    return { spec, values: values.tensors[index], gradient: gradients.tensors[index] };
  });
  const norm = gpu.tensor([2], 'f32', 'norm', new Float32Array([0, 1]));
  return {
    ...{ gpu, tensors, norm },
    gradientDispatches: [],
    close() {
      gpu.free(norm, ...[values, gradients].flatMap(({ pages }) => pages.map((page) => page.values)));
    },
  };
}

/**
 * Applies the records of a replay in order on any GPU, with the strategy that trains. Returns the state digest after each
 * record and every 32-bit word at the end; `onRecord`, where given, sees the words after each.
 */
export async function replayRecords(
  gpu: Gpu,
  { specs, hyper, initial, records }: Replay,
  onRecord?: (round: number, words: Uint32Array<ArrayBuffer>) => void,
): Promise<{ digests: string[]; words: Uint32Array<ArrayBuffer> }> {
  const replica = bareReplica(gpu, specs, initial);
  const strategy = new DistroStrategy(replica, hyper);
  const state = new StateDigest(
    gpu,
    replica.tensors.map(({ spec, values }) => ({ values, offset: spec.offset })),
  );
  const readWords = async (): Promise<Uint32Array<ArrayBuffer>> => {
    const parts = await gpu.read(...replica.tensors.map(({ values }) => values));
    const words = new Uint32Array(initial.length);
    parts.forEach((part, index) => {
      words.set(new Uint32Array(part.buffer, part.byteOffset, part.length), specs[index].offset);
    });
    return words;
  };
  const digests: string[] = [];
  for (const { round, contributions } of records) {
    await strategy.apply(round, strategy.aggregate(contributions));
    digests.push(await state.read());
    onRecord?.(round, await readWords());
  }
  const words = await readWords();
  state.close();
  strategy.close();
  replica.close();
  return { digests, words };
}
