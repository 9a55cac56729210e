/**
 * Waits for `promise`, which settles when the device has done something, and submits nothing over and over meanwhile. A
 * browser may look for finished work only when something is submitted and otherwise every 100 ms: a read of 256 bytes then
 * takes 66 ms instead of 0.5. Where a browser tells of it at once, an empty submit costs less than can be measured.
 */
export async function settled<T>(queue: GPUQueue, promise: Promise<T>): Promise<T> {
  let pauseMs = firstPauseMs;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hurry = (): void => {
    queue.submit([]);
    timer = setTimeout(hurry, pauseMs);
    pauseMs = Math.min(pauseMs * growth, longestPauseMs);
  };
  hurry();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

/** Pauses are an eighth of the time waited, so what is timed by waiting is at most that wrong. */
const firstPauseMs = 1;
const growth = 1.125;
const longestPauseMs = 50;
