import { StarlingError } from '../base/errors.ts';
import { problemOfSizes, type TextProblem } from '../data/own-text-limits.ts';
import type { TextProgress } from '../data/own-text.ts';
import {
  mostModelBytes,
  tooLongModel,
  type CutModel,
  type CutText,
  type ModelReader,
  type TextDesk,
} from '../volunteer/text-choice.ts';

/** Both ends are our own code. */
export interface ToTextWorker {
  readonly as: 'text' | 'model';
  readonly files: readonly File[];
}

export type FromTextWorker =
  | { readonly kind: 'progress'; readonly progress: TextProgress }
  | { readonly kind: 'cut'; readonly text: CutText }
  | { readonly kind: 'problem'; readonly problem: TextProblem }
  | { readonly kind: 'model'; readonly model: CutModel }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly fix: string };

type Answer = Exclude<FromTextWorker, { kind: 'progress' | 'failed' }>;

const sizeOf = (files: readonly File[]): number => files.reduce((sum, { size }) => sum + size, 0);

/** Cuts texts in a worker of their own, and keeps them in this browser. */
export const browserTextDesk: TextDesk = {
  async cut(files, tell) {
    // Files of any size may be dropped: none is read before this.
    const early = problemOfSizes(files.length, sizeOf(files));
    if (early !== undefined) return { ok: false, problem: early };
    const answer = await ask({ as: 'text', files }, tell);
    if (answer.kind === 'cut') return { ok: true, value: answer.text };
    if (answer.kind === 'problem') return { ok: false, problem: answer.problem };
    throw unexpected();
  },
};

/** Reads models in a worker of their own, and keeps them in this browser. */
export const browserModelReader: ModelReader = {
  async read(files) {
    if (sizeOf(files) > mostModelBytes) return { ok: false, reason: tooLongModel };
    const answer = await ask({ as: 'model', files }, () => undefined);
    if (answer.kind === 'model') return { ok: true, value: answer.model };
    if (answer.kind === 'refused') return { ok: false, reason: answer.reason };
    throw unexpected();
  },
};

async function ask(message: ToTextWorker, tell: (progress: TextProgress) => void): Promise<Answer> {
  const worker = new Worker(new URL('./own-text-worker.ts', import.meta.url), {
    type: 'module',
    name: 'starling-text',
  });
  try {
    return await new Promise<Answer>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromTextWorker>) => {
        if (data.kind === 'progress') tell(data.progress);
        else if (data.kind === 'failed') reject(new StarlingError(data.code, data.message, data.fix));
        else resolve(data);
      };
      worker.onerror = (event) => {
        const why = `The files could not be read: ${event.message}`;
        reject(new StarlingError('worker-broken', why, 'Reload the page and try again.'));
      };
      worker.postMessage(message);
    });
  } finally {
    worker.terminate();
  }
}

const unexpected = (): StarlingError =>
  new StarlingError('worker-broken', 'The files could not be read.', 'Reload the page and try again.');
