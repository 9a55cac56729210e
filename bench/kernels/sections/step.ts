import { SeededRandom } from '../../../src/base/random.ts';
import { countParameters, presets } from '../../../src/model/config.ts';
import type { Bench } from '../context.ts';
import { ourTrainer } from '../libraries/ours-trainer.ts';
import { bytesAlive, bytesMost, counts, forgetMost } from '../gpu-counts.ts';
import { runsFor } from '../interleave.ts';
import { pairedRatio, timingOf } from '../statistics.ts';
import type { Library, PeerName, StepCell, StepResult, StepSetup, Trainer } from '../types.ts';

/**
 * 4 blocks, d 128, 4 heads, T 128, batch 8, bytes as tokens; the SwiGLU width is 4 d as in our presets. Rates are those of
 * nanoGPT's small models.
 */
export const stepSetup: StepSetup = {
  model: { vocabulary: 256, width: 128, blocks: 4, heads: 4, hidden: 512, context: 128 },
  batch: 8,
  seed: 7,
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clipNorm: 1,
};

/** Every library takes these steps, and their losses must agree; the first compiles and is not timed. */
const fewestSteps = 5;
/** Losses that differ by more, in nats, are not those of the same training. */
const largestLossDifference = 1e-3;
/** As a share of the loss in f32. */
const largestMixedDifference = 5e-3;

interface Course {
  readonly library: Library;
  readonly trainer: Trainer;
  readonly bytesBefore: number;
  readonly losses: number[];
  readonly ms: number[];
  steps: number;
  dispatches: number;
  submits: number;
}

export async function stepSection(bench: Bench): Promise<StepResult> {
  const compared = await comparedSteps(bench);
  const mixed = await mixedSteps(bench, compared.ours);
  const result = { ...compared, ...(mixed === undefined ? {} : { mixed }) };
  if (bench.ours.gpu.adapter.software) return result;
  const setup = { ...stepSetup, model: presets.small, batch: 1 };
  const small = await runSteps(bench, [bench.ours], setup);
  return { ...result, small: cellOf(small[0]) };
}

/** The same steps in mixed precision, by themselves, so that their bytes can be counted. */
async function mixedSteps(bench: Bench, { losses }: StepCell): Promise<StepCell | undefined> {
  const { ours } = bench;
  if (!ours.device.features.has('shader-f16')) return undefined;
  const library: Library = {
    ...{ name: 'ours', version: ours.version, device: ours.device, matmul: ours.matmul },
    trainer: (setup) => ourTrainer(ours.gpu, setup, 'mixed'),
  };
  const [course] = await runSteps(bench, [library], stepSetup);
  losses.forEach((loss, step) => {
    if (!(Math.abs(course.losses[step] / loss - 1) <= largestMixedDifference))
      throw new Error(
        `step ${step}: the loss is ${course.losses[step]} in mixed precision and ${loss} in f32`,
      );
  });
  return cellOf(course);
}

async function comparedSteps(bench: Bench): Promise<StepResult> {
  const courses = await runSteps(bench, bench.libraries, stepSetup);

  const cells = new Map(courses.map((course) => [course.library.name, cellOf(course)] as const));
  const ours = cells.get('ours');
  const oursMs = courses.find(({ library }) => library.name === 'ours')?.ms;
  if (ours === undefined || oursMs === undefined) throw new Error('step: we are not in it');
  const others = courses.filter(({ library }) => library.name !== 'ours');
  const byPeer = <T>(of: (course: Course) => T): Partial<Record<PeerName, T>> =>
    Object.fromEntries(others.map((course) => [course.library.name, of(course)]));
  return {
    setup: stepSetup,
    parameters: countParameters(stepSetup.model),
    oursMs: ours.medianMs,
    dispatches: ours.dispatches,
    submits: ours.submits,
    bufferBytes: ours.bufferBytes,
    ours,
    peers: byPeer(cellOf),
    ratio: byPeer(({ ms }) => pairedRatio(ms, oursMs)),
  };
}

/** Trains with every library that can, step by step in turns, and closes what it opened. */
async function runSteps(bench: Bench, libraries: readonly Library[], setup: StepSetup): Promise<Course[]> {
  const courses: Course[] = [];
  for (const library of libraries) {
    if (library.trainer === undefined) continue;
    const bytesBefore = bytesAlive(library.device);
    forgetMost(library.device);
    const trainer = await library.trainer(setup);
    const rest = { losses: [], ms: [], steps: fewestSteps, dispatches: 0, submits: 0 };
    courses.push({ library, trainer, bytesBefore, ...rest });
  }
  const batches = tokenBatches(setup, Math.max(fewestSteps, 1 + bench.runs));
  for (let step = 0; step < batches.length; step++) {
    for (const course of courses) {
      if (step < course.steps) await take(bench, course, batches[step], step);
    }
    bench.checkErrors();
    if (step < fewestSteps) compareLosses(courses, step);
  }
  for (const { trainer } of courses) trainer.close();
  return courses;
}

async function take(bench: Bench, course: Course, batch: Batch, step: number): Promise<void> {
  const { library, trainer, losses, ms } = course;
  const before = { ...counts };
  const start = performance.now();
  losses.push(await trainer.step(batch));
  const took = performance.now() - start;
  course.dispatches = counts.dispatches - before.dispatches;
  course.submits = counts.submits - before.submits;
  // The second step is the first that compiled nothing: it tells how many this library gets, five at least.
  if (step === 1) course.steps = 1 + Math.max(fewestSteps - 1, runsFor(bench.runs, took));
  if (step > 0) ms.push(took);
  bench.tell(`step ${step} ${library.name}: ${took.toFixed(0)} ms, loss ${losses[step].toFixed(4)}`);
}

function compareLosses(courses: readonly Course[], step: number): void {
  const ours = courses.find(({ library }) => library.name === 'ours')?.losses[step];
  for (const { library, losses } of courses) {
    const difference = Math.abs(losses[step] - (ours ?? NaN));
    if (!(difference <= largestLossDifference))
      throw new Error(`step ${step}: the loss of ${library.name} is ${losses[step]}, ours ${ours}`);
  }
}

const cellOf = ({ library, bytesBefore, losses, ms, dispatches, submits }: Course): StepCell => ({
  ...timingOf(ms),
  dispatches,
  submits,
  bufferBytes: bytesMost(library.device) - bytesBefore,
  losses: losses.slice(0, fewestSteps),
});

interface Batch {
  readonly ids: Uint32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
}

/** Text of a kind: each token follows from the one before, but for one in four. So there is something to learn. */
function tokenBatches({ batch, seed, model }: StepSetup, count: number): Batch[] {
  const { context, vocabulary } = model;
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => {
    const [ids, targets] = [new Uint32Array(batch * context), new Uint32Array(batch * context)];
    let token = random.below(vocabulary);
    for (let i = 0; i < ids.length; i++) {
      ids[i] = token;
      token = random.below(4) === 0 ? random.below(vocabulary) : (5 * token + 17) % vocabulary;
      targets[i] = token;
    }
    return { ids, targets };
  });
}
