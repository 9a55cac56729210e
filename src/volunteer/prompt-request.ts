/** What a model is to write, as asked by whoever sits before the page. */
export interface PromptRequest {
  readonly prompt: string;
  /** Tokens to write at most. */
  readonly length: number;
  /** 0 takes the likeliest token every time. */
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  /** The text ends before this; empty: nothing ends it but its length. */
  readonly stop: string;
  readonly seed: number;
}

export type PromptField = keyof PromptRequest;

/** Between which a field may lie; whole numbers unless it says otherwise. */
export const promptBounds = {
  length: { least: 1, most: 2_000 },
  temperature: { least: 0, most: 5 },
  topK: { least: 1, most: 65_536 },
  topP: { least: 0.01, most: 1 },
  seed: { least: 0, most: 2 ** 32 - 1 },
} as const;

const fractional: readonly PromptField[] = ['temperature', 'topP'];
/** Characters: more than any context holds, and little enough to send. */
export const longestPrompt = 20_000;
export const longestStop = 200;

/** The first field that no text can be written with; undefined where all are well. */
export function promptProblem(request: PromptRequest): PromptField | undefined {
  if (request.prompt === '' || request.prompt.length > longestPrompt) return 'prompt';
  if (request.stop.length > longestStop) return 'stop';
  const names = Object.keys(promptBounds) as (keyof typeof promptBounds)[];
  return names.find((name) => {
    const { least, most } = promptBounds[name];
    const value = request[name];
    const isKind = fractional.includes(name) ? Number.isFinite(value) : Number.isInteger(value);
    return !isKind || value < least || value > most;
  });
}

/** How far a text has come; `text` is what is new. The last one is of another state than `writing`. */
export interface PromptProgress {
  readonly state: 'writing' | 'done' | 'stopped' | 'failed';
  readonly text: string;
  readonly tokens: number;
  /** Since the first token; undefined before the second. */
  readonly tokensPerSecond: number | undefined;
  /** In `failed`: what happened, and what to do. */
  readonly problem: { readonly message: string; readonly fix: string } | undefined;
}
