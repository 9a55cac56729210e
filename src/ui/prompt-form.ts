import {
  promptBounds,
  promptProblem,
  type PromptField,
  type PromptRequest,
} from '../volunteer/prompt-request.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';

/** What stands in the fields, as typed. */
export type PromptForm = Readonly<Record<PromptField, string>>;

export const freshForm: PromptForm = {
  prompt: 'The ',
  length: '200',
  temperature: '0.7',
  topK: '40',
  topP: '1',
  stop: '',
  seed: '',
};

export type ReadForm =
  | { readonly ok: true; readonly request: PromptRequest }
  | { readonly ok: false; readonly field: PromptField };

/** Reads the fields; `seed` is taken where none is typed. A comma may stand for the point, and \n for a new line to stop at. */
export function readForm(form: PromptForm, seed: number): ReadForm {
  const request: PromptRequest = {
    prompt: form.prompt,
    length: numberIn(form.length),
    temperature: numberIn(form.temperature),
    topK: numberIn(form.topK),
    topP: numberIn(form.topP),
    stop: form.stop.replaceAll('\\n', '\n'),
    seed: form.seed.trim() === '' ? seed : numberIn(form.seed),
  };
  const field = promptProblem(request);
  return field === undefined ? { ok: true, request } : { ok: false, field };
}

/** NaN for what is no number in plain digits. */
const numberIn = (typed: string): number => {
  const text = typed.trim().replace(',', '.');
  return /^\d+(\.\d+)?$|^\.\d+$/.test(text) ? Number(text) : NaN;
};

/** Between which a number may lie, as text. */
export function boundsOf(field: PromptField): readonly [string, string] | undefined {
  if (!Object.hasOwn(promptBounds, field)) return undefined;
  const { least, most } = promptBounds[field as keyof typeof promptBounds];
  return [String(least), String(most)];
}

/** Whether this tab holds a model that stands in the run. */
export const holdsModel = (volunteer: VolunteerStatus | undefined): boolean =>
  volunteer?.stateDigest !== undefined &&
  !['starting', 'catching-up', 'left', 'failed'].includes(volunteer.state);
