import { describe, expect, it } from 'vitest';
import { ManualClock, realClock } from '../base/clock.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { matmulVariants, variantsFor } from './matmul-source.ts';
import type { MatmulShape } from './matmul.reference.ts';
import { matmulFamily, tuneMatmul } from './matmul-tuner.ts';
import { caseKey, chooseVariant } from './matmul.ts';
import { keptChoices, recallChoices, undecided } from './choices.ts';

const gpu = await openTestGpu();
const shapes: readonly MatmulShape[] = [
  { m: 64, n: 96, k: 64, transpose: 'nt' },
  { m: 128, n: 64, k: 32, transpose: 'nt' },
  { m: 64, n: 64, k: 64, transpose: 'nn' },
  { m: 2, n: 64, k: 64, transpose: 'nn' },
];
const names = new Set<string>(matmulVariants.map(({ name }) => name));
const unknown = () => undecided(gpu.choices, matmulFamily(gpu, shapes).contests).map(({ key }) => key);

describe('the tuner of products', () => {
  it('begins with what is taken where none was measured, or where the one measured is not offered', () => {
    gpu.choices.clear();
    const [large] = shapes;
    const usual = gpu.device.features.has('subgroups') ? 'quad' : 'tile8';
    for (const { entrants } of matmulFamily(gpu, shapes).contests) expect(entrants[0].name).toBe(usual);
    const product = { ...large, epilogue: 'swiglu', accumulate: false } as const;
    expect(chooseVariant(gpu, product).name).toBe(usual);
    gpu.choices.set(caseKey(large), 'split');
    expect(chooseVariant(gpu, product).name).toBe('split');
    gpu.choices.set(caseKey(large), 'tile4');
    expect(variantsFor(gpu, product).map(({ name }) => name)).not.toContain('tile4');
    expect(chooseVariant(gpu, product).name).toBe(usual);
    expect(chooseVariant(gpu, { ...product, epilogue: 'plain' }).name).toBe('tile4');
    gpu.choices.clear();
  });

  it('notes for every shape the variant it measured fastest', async () => {
    gpu.choices.clear();
    const before = gpu.bytesAllocated;
    const trials = await tuneMatmul(gpu, shapes, { clock: realClock, budgetMs: 60_000 });
    for (const shape of shapes.slice(0, 3)) {
      const own = trials.filter((trial) => trial.key === caseKey(shape));
      const [best] = own.sort((a, b) => a.ms - b.ms);
      expect(gpu.choices.get(caseKey(shape))).toBe(best?.variant);
    }
    expect(new Set(trials.map(({ variant }) => variant)).size).toBeGreaterThan(1);
    expect(trials.filter(({ problem }) => problem !== undefined)).toEqual([]);
    expect(gpu.bytesAllocated).toBe(before);
  });

  it('takes what it kept back, and nothing else', () => {
    const kept = keptChoices(gpu);
    gpu.choices.clear();
    recallChoices(
      gpu,
      { ...kept, 'matmul-nt/1x1x1': 'a variant of tomorrow', 'a#left': 'quad,tomorrow' },
      names,
    );
    expect(unknown()).toEqual([]);
    expect(keptChoices(gpu)).toEqual(kept);
    for (const garbage of [undefined, null, 7, 'x', [1], { a: 1 }]) {
      gpu.choices.clear();
      recallChoices(gpu, garbage, names);
      // The last is too small to be measured.
      expect(new Set(unknown())).toEqual(new Set(shapes.slice(0, 3).map(caseKey)));
      expect(gpu.choices.size).toBe(0);
    }
  });

  it('begins no measurement once its time is over', async () => {
    gpu.choices.clear();
    const clock = new ManualClock();
    expect(await tuneMatmul(gpu, shapes, { clock, budgetMs: 0 })).toEqual([]);
    expect(gpu.choices.size).toBe(0);
  });
});
