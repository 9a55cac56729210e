import type { Clock } from '../base/clock.ts';
import type { Gpu } from '../gpu/gpu.ts';

/** ms. */
const reasonComesWithin = 300;

/** Work fails a moment before its device says that it is lost: waits until it has said so, or would have. */
export async function hearOfLoss(gpu: Gpu, clock: Clock): Promise<void> {
  let cancel = (): void => undefined;
  const pause = new Promise<void>((resolve) => {
    cancel = clock.after(reasonComesWithin, resolve);
  });
  await Promise.race([gpu.lost, pause]);
  cancel();
}
