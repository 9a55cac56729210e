import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { openTimedGpu, type TimedGpu } from '../testing/timed-gpu.ts';
import { matmulVariants, variantsFor } from './matmul-source.ts';
import type { MatmulShape } from './matmul.reference.ts';
import { matmulFamily, partOf, tuneMatmul } from './matmul-tuner.ts';
import { caseKey, chooseVariant, type Product } from './matmul.ts';
import { keptChoices, recallChoices, undecided } from './choices.ts';

const gpu = await openTestGpu();
const small = { m: 2, n: 64, k: 64, transpose: 'nn' } as const;
const shapes: readonly MatmulShape[] = [
  { m: 64, n: 96, k: 64, transpose: 'nt' },
  { m: 128, n: 64, k: 32, transpose: 'nt' },
  { m: 64, n: 64, k: 64, transpose: 'nn' },
  small,
];
const names = new Set<string>(matmulVariants.map(({ name }) => name));
const unknown = () => undecided(gpu.choices, matmulFamily(gpu, shapes).contests).map(({ key }) => key);
const half = { a: 'f16', b: 'f16', out: 'f16' } as const;

describe('the tuner of products', () => {
  it('begins with what is taken where none was measured, or where the one measured is not offered', () => {
    gpu.choices.clear();
    const [large] = shapes;
    const usual = gpu.device.features.has('subgroups') ? 'quad' : 'tile8';
    for (const { key, entrants } of matmulFamily(gpu, shapes).contests)
      expect(entrants[0].name).toBe(key === caseKey(small) ? 'tile4' : usual);
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
    const clock = new ManualClock();
    // Halves too where the device has them.
    const isHalf = gpu.device.features.has('shader-f16');
    const products: readonly Product[] = [...shapes, ...(isHalf ? [{ ...shapes[0], stored: half }] : [])];
    gpu.onDispatch = ({ groups: [x, y] }) => {
      clock.advance(x * y <= 2 ? 100 : 10 + x * y); // few workgroups are fast, one or two hopeless: seldom compiled
    };
    const trials = await tuneMatmul(gpu, products, { clock, budgetMs: 60_000 });
    gpu.onDispatch = undefined;
    for (const shape of products) {
      const own = trials.filter((trial) => trial.key === caseKey(shape));
      const [best] = own.sort((a, b) => a.ms - b.ms);
      expect(own.length).toBeGreaterThan(1);
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
    for (const garbage of [undefined, null, 7, 'x', [1], { a: 1 }, { 'a#borrowed': 'tomorrow' }]) {
      gpu.choices.clear();
      recallChoices(gpu, garbage, names);
      expect(new Set(unknown())).toEqual(new Set(shapes.map(caseKey)));
      expect(gpu.choices.size).toBe(0);
    }
  });

  it('begins no measurement once its time is over', async () => {
    gpu.choices.clear();
    const clock = new ManualClock();
    expect(await tuneMatmul(gpu, shapes, { clock, budgetMs: 0 })).toEqual([]);
    expect(gpu.choices.size).toBe(0);
  });

  it('lets those that share out k compete for products of few outputs', async () => {
    const skinny = { m: 8, n: 64, k: 4096, transpose: 'nn' } as const;
    for (const fastest of ['tile4', 'split']) {
      const clock = new ManualClock();
      const { gpu: timed, done } = await openTimedGpu(clock, ({ entry }) => (entry === fastest ? 5 : 8));
      await tuneMatmul(timed, [skinny], { clock, budgetMs: 60_000 });
      expect(new Set(done.map(({ entry }) => entry))).toEqual(new Set(['tile4', 'split']));
      expect(chooseVariant(timed, { ...skinny, epilogue: 'plain', accumulate: true }).name).toBe(fastest);
    }
  });

  it('measures every product as its tensors are stored', async () => {
    const [large] = shapes;
    const product: Product = { ...large, stored: { a: 'f32', b: 'f16', out: 'f16' } };
    const clock = new ManualClock();
    // In f16 another is fastest.
    const { gpu: timed, done } = await openTimedGpu(
      clock,
      ({ entry, types }) => ((entry === 'split') === (types['InB'] === 'f16') ? 5 : 8),
      ['shader-f16'],
    );
    await tuneMatmul(timed, [large, product], { clock, budgetMs: 60_000 });
    expect(done.map(({ types }) => [types['InA'], types['InB'], types['Out']])).toContainEqual([
      ...['f32', 'f16', 'f16'],
    ]);
    const made = { epilogue: 'plain', accumulate: false } as const;
    expect(chooseVariant(timed, { ...large, ...made }).name).not.toBe('split');
    const stored = { ...half, a: 'f32', beside: 'f16' } as const;
    expect(chooseVariant(timed, { ...large, ...made, stored }).name).toBe('split');
  });

  it('measures a product of which an operand would be too long on fewer rows', async () => {
    const clock = new ManualClock();
    const { gpu: timed, device, done } = await openTimedGpu(clock, () => 1);
    device.limits.maxStorageBufferBindingSize = 4 * 2 ** 20;
    const long: readonly Product[] = [
      { m: 8192, n: 1024, k: 64, transpose: 'nt' },
      { m: 1024, n: 64, k: 65_536, transpose: 'tn' },
    ];
    const trials = await tuneMatmul(timed, long, { clock, budgetMs: 60_000 });
    expect(trials.filter(({ problem }) => problem !== undefined)).toEqual([]);
    expect(new Set(done.map(({ sizes: { M, N, K } }) => `${M}x${N}x${K}`))).toEqual(
      new Set(['1024x1024x64', '1024x64x1024']),
    );
    for (const product of long) expect(timed.choices.has(caseKey(product))).toBe(true);
    expect(long.map((product) => partOf(product, 2 ** 26))).toEqual(long);
  });
});

describe('a product that was not measured', () => {
  const made = { epilogue: 'plain', accumulate: false } as const;
  const chosen = ({ gpu: timed }: TimedGpu, product: Product) => {
    const { stored, ...shape } = product;
    return chooseVariant(timed, {
      ...shape,
      ...made,
      ...(stored && { stored: { ...stored, beside: 'f32' } }),
    }).name;
  };
  const open = () => openTimedGpu(new ManualClock(), () => 0);

  it.each([
    ['nt', (rows: number) => ({ m: rows, n: 96, k: 64, transpose: 'nt' }) as const],
    ['nn', (rows: number) => ({ m: rows, n: 64, k: 96, transpose: 'nn' }) as const],
    ['tn', (rows: number) => ({ m: 96, n: 64, k: rows, transpose: 'tn' }) as const],
  ])('is done as that of the nearest number of rows: %s', async (_, of) => {
    const timed = await open();
    const { choices } = timed.gpu;
    expect(chosen(timed, of(128))).toBe('tile8');
    choices.set(caseKey({ ...of(128), n: 128 }), 'staged'); // of another matrix
    choices.set(`${caseKey(of(128))}#left`, 'staged');
    expect(chosen(timed, of(128))).toBe('tile8');
    choices.set(caseKey(of(1024)), 'staged');
    choices.set(caseKey(of(256)), 'split');
    choices.set(caseKey(of(100)), 'quad'); // not offered here
    expect(chosen(timed, of(128))).toBe('split');
    expect(chosen(timed, of(600))).toBe('staged');
    choices.set(caseKey(of(128)), 'staged64');
    expect(chosen(timed, of(128))).toBe('staged64');
  });

  it('is done as in f32 where none of its type was', async () => {
    const timed = await open();
    const product: Product = { ...shapes[0], stored: half };
    timed.gpu.choices.set(caseKey(shapes[0]), 'split');
    expect(chosen(timed, product)).toBe('split');
    timed.gpu.choices.set(caseKey({ ...product, m: 32 }), 'staged');
    expect(chosen(timed, product)).toBe('staged');
    expect(chosen(timed, shapes[0])).toBe('split');
  });

  it('of few outputs is not done as one of many', async () => {
    const timed = await open();
    timed.gpu.choices.set(caseKey({ ...small, m: 256 }), 'staged');
    expect(chosen(timed, small)).toBe('tile4');
    timed.gpu.choices.set(caseKey({ ...small, m: 8 }), 'split');
    expect(chosen(timed, small)).toBe('split');
    expect(chosen(timed, { ...small, m: 128 })).toBe('staged');
  });
});
