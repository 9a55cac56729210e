import type { StarlingError } from '../base/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { gpuProblem } from '../gpu/problems.ts';

/** Lack of memory comes first, because work on a buffer that is not there is invalid too. */
const kinds = ['out-of-memory', 'internal', 'validation'] as const;

/**
 * What `work` comes to, and the first thing that the GPU refused of it: then its results say nothing. Nobody else hears of that,
 * so nothing else may run on the GPU meanwhile.
 */
export async function unlessRefused<T>(
  gpu: Gpu,
  what: string,
  work: () => Promise<T>,
): Promise<{ readonly made: T; readonly refused: StarlingError | undefined }> {
  for (const kind of kinds) gpu.device.pushErrorScope(kind);
  const pop = (): Promise<StarlingError | undefined> => Promise.race([popped(gpu, what), gpu.lost]);
  let made: T;
  try {
    made = await work();
  } catch (thrown) {
    await pop();
    throw thrown;
  }
  return { made, refused: await pop() };
}

async function popped({ device }: Gpu, what: string): Promise<StarlingError | undefined> {
  // From the inside out; a lost device has none.
  const errors = (await Promise.all(kinds.map(() => device.popErrorScope().catch(() => null)))).reverse();
  const at = errors.findIndex((error) => error !== null);
  const error = errors[at];
  return error ? gpuProblem(kinds[at], what, error.message) : undefined;
}
