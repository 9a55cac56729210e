import { choiceProblem, isRoomName, type ChoiceField, type RunChoice } from '../volunteer/run-choice.ts';
import { runBounds, usualK } from '../volunteer/run-plan.ts';
import type { CutModel, CutText } from '../volunteer/text-choice.ts';
import type { PageSnapshot, PresetName } from './host.ts';

/** What stands in the fields of the form, as typed. */
export interface StartForm {
  readonly name: string;
  readonly preset: PresetName;
  /** False: open end. */
  readonly ends: boolean;
  readonly rounds: string;
  readonly volunteers: string;
  readonly k: string;
  readonly ratePercent: string;
  readonly open: boolean;
}

export type ReadStart =
  { readonly ok: true; readonly choice: RunChoice } | { readonly ok: false; readonly field: ChoiceField };

/** What stands in the form at first. */
const usual = { rounds: 1000, volunteers: 1 } as const;

/** The form at first. A free room keeps its name, elsewhere a new run gets `newName`. */
export function freshStart(snapshot: PageSnapshot, newName: string): StartForm {
  const { view, environment, invite } = snapshot;
  const isFree = view.run === undefined && invite !== undefined;
  return {
    name: isFree ? invite.room : newName,
    preset: environment.suggestedPreset?.preset ?? 'nano',
    ends: true,
    rounds: String(usual.rounds),
    volunteers: String(usual.volunteers),
    k: String(usualK),
    ratePercent: '100',
    open: invite?.byInvitation !== true,
  };
}

/** Reads the fields; `text` undefined: the server's; `model` undefined: it starts from what its seed gives. */
export function readStart(
  form: StartForm,
  text: Pick<CutText, 'corpus'> | undefined,
  model?: Pick<CutModel, 'start' | 'preset'>,
): ReadStart {
  const choice: RunChoice = {
    room: roomOf(form.name),
    preset: model?.preset ?? form.preset,
    volunteers: wholeIn(form.volunteers),
    rounds: form.ends ? wholeIn(form.rounds) : undefined,
    k: wholeIn(form.k),
    ratePercent: wholeIn(form.ratePercent),
    open: form.open,
    corpus: text?.corpus,
    start: model?.start,
  };
  const field = choiceProblem(choice);
  return field === undefined ? { ok: true, choice } : { ok: false, field };
}

/** What an estimate is of: a field that makes no sense is taken as it is at first, and all others as they stand. */
export function estimable(
  form: StartForm,
): Pick<RunChoice, 'preset' | 'k' | 'volunteers'> & { readonly rounds: number | undefined } {
  const sound = (field: 'k' | 'volunteers' | 'rounds', otherwise: number): number => {
    const { least, most } = runBounds[field];
    const typed = wholeIn(form[field]);
    return typed >= least && typed <= most ? typed : otherwise;
  };
  return {
    preset: form.preset,
    k: sound('k', usualK),
    volunteers: sound('volunteers', usual.volunteers),
    rounds: form.ends ? sound('rounds', usual.rounds) : undefined,
  };
}

/** NaN for what is no whole number in plain digits; a space or comma may part thousands. */
const wholeIn = (typed: string): number => {
  const digits = typed.trim().replace(/(\d)[ ,\u202f\u00a0](?=\d{3}(\D|$))/g, '$1');
  return /^\d{1,10}$/.test(digits) ? Number(digits) : NaN;
};

/** A name as an address takes it: `Class 7b!` is `class-7b`. Empty where nothing of it can stay. */
export function roomOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^\w]+/g, '-')
    .slice(0, 64)
    .replace(/^-+|-+$/g, '');
  return isRoomName(plain) ? plain : '';
}

const firsts = [
  'amber',
  'brave',
  'calm',
  'dawn',
  'early',
  'fern',
  'glad',
  'high',
  'keen',
  'light',
  'north',
  'quiet',
];
const seconds = [
  'brook',
  'field',
  'flock',
  'grove',
  'harbor',
  'hill',
  'meadow',
  'reed',
  'river',
  'song',
  'wing',
  'wood',
];

/** A name for a run that hardly anyone has taken: two words and four digits. `draw` gives whole numbers below 2^32. */
export function suggestName(draw: () => number): string {
  const pick = (words: readonly string[]): string => words[draw() % words.length] ?? '';
  return `${pick(firsts)}-${pick(seconds)}-${1000 + (draw() % 9000)}`;
}

/** Between which a number may lie, as text; undefined for the name. */
export function startBounds(field: ChoiceField): readonly [string, string] | undefined {
  if (field === 'room') return undefined;
  const { least, most } = runBounds[field];
  return [String(least), String(most)];
}
