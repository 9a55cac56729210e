/** Firefox looks for finished GPU work about every 100 ms unless something is submitted; others answer at once. */
const looksSeldom = typeof navigator !== 'undefined' && /firefox/i.test(navigator.userAgent);

/** Resolves when a device has done all that was submitted to it. The same for every library, so that none waits longer. */
export async function settled(device: GPUDevice): Promise<void> {
  let done = false;
  const finished = device.queue.onSubmittedWorkDone().then(() => {
    done = true;
  });
  if (looksSeldom) {
    while (!done) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      device.queue.submit([]);
    }
  }
  await finished;
}
