import { StarlingError } from '../base/errors.ts';

/** What WebGPU sorts errors into. */
export type GpuErrorKind = 'out-of-memory' | 'validation' | 'internal';

const lessMemory =
  'Close other tabs and programs that use the GPU, then join again. If it stays, start or join a run of a smaller size: small needs most, nano least.';
const ours = 'Reload the page. If it stays, report it with the text of the error and the name of your GPU.';

/** A WebGPU error as something a person can act on: codes `gpu-out-of-memory`, `gpu-validation`, `gpu-internal`. */
export function gpuProblem(kind: GpuErrorKind, what: string, text: string): StarlingError {
  const message = kind === 'out-of-memory' ? text.split('\n', 1)[0] : text; // what follows is of the implementation
  switch (kind) {
    case 'out-of-memory':
      return new StarlingError(
        'gpu-out-of-memory',
        `The GPU has no memory left for ${what}: ${message}`,
        lessMemory,
      );
    case 'validation':
      return new StarlingError('gpu-validation', `The GPU refused ${what}: ${message}`, ours);
    case 'internal':
      return new StarlingError('gpu-internal', `The GPU's driver failed at ${what}: ${message}`, ours);
  }
}

/** The kind of an error that no scope caught. */
export const kindOf = (error: GPUError): GpuErrorKind => {
  const name = error.constructor.name; // the classes are not global everywhere
  if (name === 'GPUOutOfMemoryError') return 'out-of-memory';
  return name === 'GPUInternalError' ? 'internal' : 'validation';
};

/** What an error is about, for counting it once: the first label in its text, or its first line. */
export const subjectOf = (message: string): string =>
  /"([^"\n]+)"/.exec(message)?.[1] ?? message.split('\n', 1)[0];

/**
 * The loss of a device that we did not close ourselves, as a StarlingError `gpu-lost`. Never settles where we did, which the
 * reason `destroyed` alone does not tell: a browser that shuts its GPU down gives it too.
 */
export function lossOf(device: GPUDevice, closed: () => boolean = () => false): Promise<StarlingError> {
  return new Promise((resolve) => {
    void device.lost.then(({ message }) => {
      if (closed()) return;
      const text = `The GPU was lost: ${message || 'no reason given'}`;
      resolve(new StarlingError('gpu-lost', text, 'Close other heavy tabs, then join again.'));
    });
  });
}

/**
 * Opens a scope for each kind of error. What is returned closes them, and resolves with the first that WebGPU reported meanwhile; it
 * rejects where the device is lost. Lack of memory comes first, because what is made of a buffer that is not there is invalid too.
 */
export function openErrorScopes(device: GPUDevice, what: string): () => Promise<StarlingError | undefined> {
  const kinds = ['out-of-memory', 'internal', 'validation'] as const;
  for (const kind of kinds) device.pushErrorScope(kind);
  return async () => {
    const popped = await Promise.all(kinds.map(() => device.popErrorScope()));
    const errors = popped.reverse(); // scopes are popped from the inside out
    const at = errors.findIndex((error) => error !== null);
    const error = errors[at];
    return error ? gpuProblem(kinds[at], what, error.message) : undefined;
  };
}

/** Runs `make` within error scopes, and throws what `openErrorScopes` finds. */
export async function withErrorScopes<T>(device: GPUDevice, what: string, make: () => T): Promise<T> {
  const close = openErrorScopes(device, what);
  let made: T;
  try {
    made = make();
  } catch (thrown) {
    await close();
    throw thrown;
  }
  const problem = await close();
  if (problem !== undefined) throw problem;
  return made;
}
