import { settled as settledQueue } from '../../src/gpu/settle.ts';

/** Resolves when a device has done all that was submitted to it. The same for every library, so that none waits longer. */
export const settled = ({ queue }: GPUDevice): Promise<undefined> =>
  settledQueue(queue, queue.onSubmittedWorkDone());
