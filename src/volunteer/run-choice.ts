import type { Digest } from '../base/ids.ts';
import type { PresetName } from '../model/config.ts';
import { runBounds, usualK } from './run-plan.ts';
import type { RunStart } from './start-weights.ts';

/** What whoever starts a run chooses in the page. An address holds all of it but the invitation's key. */
export interface RunChoice {
  /** The run's name: `?run=` of its address. */
  readonly room: string;
  readonly preset: PresetName;
  readonly volunteers: number;
  /** Undefined: no end. */
  readonly rounds: number | undefined;
  readonly k: number;
  readonly ratePercent: number;
  /** False: only who has the address with its key may join. */
  readonly open: boolean;
  /** Digest of the manifest of the starter's own text; undefined: the server's text. */
  readonly corpus: Digest | undefined;
  /** What it starts from; undefined: what its seed gives. */
  readonly start?: RunStart | undefined;
}

export type ChoiceField = 'room' | 'volunteers' | 'rounds' | 'k' | 'ratePercent';

export const isRoomName = (name: string): boolean => /^[\w-]{1,64}$/.test(name);

/** The first field that cannot be, or undefined. */
export function choiceProblem(choice: RunChoice): ChoiceField | undefined {
  if (!isRoomName(choice.room)) return 'room';
  const within = (field: keyof typeof runBounds, value: number): boolean =>
    Number.isInteger(value) && value >= runBounds[field].least && value <= runBounds[field].most;
  if (!within('volunteers', choice.volunteers)) return 'volunteers';
  if (choice.rounds !== undefined && !within('rounds', choice.rounds)) return 'rounds';
  if (!within('k', choice.k)) return 'k';
  return within('ratePercent', choice.ratePercent) ? undefined : 'ratePercent';
}

/** The query of a run's address, `?run=...`: what differs from what is usual. Own text is known to its starter only. */
export function searchOfChoice(choice: Omit<RunChoice, 'open' | 'corpus' | 'start'>): string {
  const query = new URLSearchParams({ run: choice.room, preset: choice.preset });
  if (choice.volunteers !== 1) query.set('volunteers', String(choice.volunteers));
  if (choice.rounds !== undefined) query.set('rounds', String(choice.rounds));
  if (choice.k !== usualK) query.set('k', String(choice.k));
  if (choice.ratePercent !== 100) query.set('rate', String(choice.ratePercent));
  return `?${query.toString()}`;
}
