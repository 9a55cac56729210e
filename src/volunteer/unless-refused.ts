import type { StarlingError } from '../base/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { openErrorScopes } from '../gpu/problems.ts';

/**
 * What `work` comes to, and the first thing that the GPU refused of it: then its results say nothing. Nobody else hears of that,
 * so nothing else may run on the GPU meanwhile.
 */
export async function unlessRefused<T>(
  gpu: Gpu,
  what: string,
  work: () => Promise<T>,
): Promise<{ readonly made: T; readonly refused: StarlingError | undefined }> {
  const close = openErrorScopes(gpu.device, what);
  // A lost device has no scopes, or never answers.
  const refusal = (): Promise<StarlingError | undefined> =>
    Promise.race([close().catch(() => undefined), gpu.lost]);
  let made: T;
  try {
    made = await work();
  } catch (thrown) {
    await refusal();
    throw thrown;
  }
  return { made, refused: await refusal() };
}
