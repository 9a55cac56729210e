import type { Clock } from '../base/clock.ts';
import type { RunId } from '../base/ids.ts';
import { byteTokenizer } from '../data/tokenizer.ts';
import type { Replica } from '../model/replica.ts';
import type { Stand } from './checkpoints.ts';
import { parametersOfRound, takenHome, type ExportType, type TakenHome } from './export-model.ts';
import type { PromptProgress, PromptRequest } from './prompt-request.ts';
import { Prompting } from './prompting.ts';
import type { RunConfig } from './run-config.ts';
import type { VolunteerStatus } from './status.ts';

/** What a desk works with: the replica where it stands in the run, or undefined where there is none. */
export interface DeskSource {
  readonly standing: () => { readonly replica: Replica; readonly at: Stand } | undefined;
  readonly status: () => Pick<VolunteerStatus, 'validationLoss' | 'records'>;
}

/** What whoever sits before the page asks of the model itself, while it is trained, paused or finished. */
export class ModelDesk {
  readonly #clock: Clock;
  readonly #config: RunConfig;
  readonly #run: RunId;
  readonly #source: DeskSource;
  readonly #prompting: Prompting;
  #users = 0;
  #wasUsed = false;

  constructor(clock: Clock, config: RunConfig, run: RunId, source: DeskSource) {
    this.#clock = clock;
    this.#config = config;
    this.#run = run;
    this.#source = source;
    this.#prompting = new Prompting(() => source.standing()?.replica, byteTokenizer, clock);
  }

  /** `Prompting.write`. */
  write(request: PromptRequest, tell: (progress: PromptProgress) => void): () => void {
    const end = this.#use();
    return this.#prompting.write(request, (progress) => {
      if (progress.state !== 'writing') end();
      tell(progress);
    });
  }

  /** Whether it gave the GPU work beside that of the rounds since this was last asked. */
  takeUse(): boolean {
    const wasUsed = this.#wasUsed || this.#users > 0;
    this.#wasUsed = false;
    return wasUsed;
  }

  /** The model as it is after the newest round; rejects as `parametersOfRound`. `seconds` since 1970 goes into its files. */
  async takeHome(dtype: ExportType, seconds: number): Promise<TakenHome> {
    const { standing, status } = this.#source;
    const end = this.#use();
    const read = await parametersOfRound(
      () => standing()?.replica,
      (read) => this.#roundOf(read),
      this.#clock,
    ).finally(end);
    const { model, corpus, endRound, seed, start } = this.#config;
    const { round, state } = read.at;
    const origin = {
      ...{ run: this.#run, round, state, corpus, seed, ...lossesAt(round, status()) },
      endRound: endRound ?? undefined,
      start: start && { root: start.root, state: start.state },
    };
    return takenHome(model, read.parameters, dtype, origin, seconds);
  }

  /** To be called when the GPU is used no more. */
  #use(): () => void {
    this.#users++;
    this.#wasUsed = true;
    return () => {
      this.#users--;
      this.#wasUsed = true;
    };
  }

  /** The round after which the replica was in this state; it may have gone on since. */
  #roundOf(state: string): number | undefined {
    const { standing, status } = this.#source;
    const at = standing()?.at;
    return at?.state === state
      ? at.round
      : status().records.findLast((record) => record.state === state)?.round;
  }
}

/** What was known of the model as it was after `round`: the replica may have gone on since. */
export function lossesAt(
  round: number,
  { records, validationLoss }: Pick<VolunteerStatus, 'validationLoss' | 'records'>,
): { readonly trainLoss: number | undefined; readonly validationLoss: number | undefined } {
  const isNewest = records.at(-1)?.round === round;
  const measured = records.findLast((one) => one.round <= round && one.validation !== undefined);
  return {
    trainLoss: records.find((one) => one.round === round)?.train,
    validationLoss: isNewest ? validationLoss : measured?.validation,
  };
}
