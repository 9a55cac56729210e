import { problemOf, StarlingError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import type { ExportType, TakenHome } from '../volunteer/export-model.ts';
import type { ModelDesk } from '../volunteer/model-desk.ts';
import type { PromptProgress, PromptRequest } from '../volunteer/prompt-request.ts';

/** What a page asks of the model in its worker. Answers come over `port`, so that two never mix. */
export type ModelRequest =
  | { readonly kind: 'write'; readonly request: PromptRequest; readonly port: MessagePort }
  | { readonly kind: 'take-home'; readonly dtype: ExportType; readonly port: MessagePort };

type TakeHomeAnswer =
  { readonly model: TakenHome } | { readonly problem: { readonly message: string; readonly fix: string } };

const isGone = { message: 'The model is not in this tab now.', fix: 'Take part in the run, then ask again.' };

/** In the worker. `desk`: undefined where there is no volunteer yet. `seconds` since 1970. */
export function answer(desk: ModelDesk | undefined, message: ModelRequest, seconds: number): void {
  const { port } = message;
  if (message.kind === 'write') {
    const tell = (progress: PromptProgress): void => {
      port.postMessage(progress);
    };
    if (desk === undefined) {
      tell(failedWith(isGone));
      return;
    }
    const stop = desk.write(message.request, tell);
    port.onmessage = stop; // the only thing that is said
    return;
  }
  const taken = desk?.takeHome(message.dtype, seconds) ?? Promise.reject(notHere());
  taken.then(
    (model) => {
      port.postMessage({ model } satisfies TakeHomeAnswer);
    },
    (thrown: unknown) => {
      port.postMessage({ problem: problemOf(thrown, 'Try again in a moment.') } satisfies TakeHomeAnswer);
    },
  );
}

/** On the page: asks whichever worker there is, and answers for one that ends before it has. */
export class ModelRequests {
  readonly #open = new Set<() => void>();

  /** Calls `tell` until the text is done, stopped or failed. Returns the way to stop it. */
  write(
    post: ((message: ModelRequest) => void) | undefined,
    request: PromptRequest,
    tell: (progress: PromptProgress) => void,
  ): () => void {
    if (post === undefined) {
      tell(failedWith(isGone));
      return () => undefined;
    }
    const { port1, port2 } = new MessageChannel();
    const end = (): void => {
      this.#open.delete(gone);
      port1.close();
    };
    const gone = (): void => {
      end();
      tell(failedWith(isGone));
    };
    this.#open.add(gone);
    port1.onmessage = ({ data }: MessageEvent<PromptProgress>) => {
      if (data.state !== 'writing') end();
      tell(data);
    };
    post({ kind: 'write', request, port: port2 });
    return () => {
      port1.postMessage('stop');
    };
  }

  /** Rejects with a StarlingError. */
  takeHome(post: ((message: ModelRequest) => void) | undefined, dtype: ExportType): Promise<TakenHome> {
    if (post === undefined) return Promise.reject(notHere());
    const { port1, port2 } = new MessageChannel();
    return new Promise<TakenHome>((resolve, reject) => {
      const end = (): void => {
        this.#open.delete(gone);
        port1.close();
      };
      const gone = (): void => {
        end();
        reject(notHere());
      };
      this.#open.add(gone);
      port1.onmessage = ({ data }: MessageEvent<TakeHomeAnswer>) => {
        end();
        if ('model' in data) resolve(data.model);
        else reject(new StarlingError('take-home', data.problem.message, data.problem.fix));
      };
      post({ kind: 'take-home', dtype, port: port2 });
    });
  }

  /** The worker is gone. */
  gone(): void {
    for (const each of [...this.#open]) each();
    invariant(this.#open.size === 0, 'every request is answered once');
  }
}

const notHere = (): StarlingError => new StarlingError('no-model', isGone.message, isGone.fix);

const failedWith = (problem: { message: string; fix: string }): PromptProgress => ({
  state: 'failed',
  text: '',
  tokens: 0,
  tokensPerSecond: undefined,
  problem,
});
