import type { PhaseMs, RecordSummary, VolunteerStatus } from '../../src/volunteer/status.ts';

/** The JSON of `npm run swarm`. Times are milliseconds a volunteer and round; losses are nats a token. */
export interface SwarmReport {
  readonly preset: string;
  readonly parameters: number;
  readonly rounds: number;
  readonly valLossFirst: number | null;
  readonly valLossLast: number | null;
  readonly digestsAgree: boolean;
  readonly payloadBytesPerRound: number;
  readonly messageBytesPerRound: number;
  readonly compressionVsFp32: number;
  readonly messageCompressionVsFp32: number;
  readonly phaseMs: PhaseMs;
  readonly wallSeconds: number;
  readonly volunteers: readonly {
    readonly id: string;
    readonly adapter: string;
    readonly rounds: number;
    readonly lossFirst: number | null;
    readonly lossLast: number | null;
    readonly bytesUp: number;
    readonly bytesDown: number;
    readonly digest: string | null;
  }[];
  readonly records: readonly {
    readonly round: number;
    readonly contributions: number;
    readonly tokens: number;
    readonly stateDigest: string;
  }[];
}

/** Collects the records of one volunteer over a run, however many the page keeps. */
export class RecordLog {
  readonly #records = new Map<number, RecordSummary>();

  add(records: readonly RecordSummary[]): void {
    for (const record of records) this.#records.set(record.round, record);
  }

  get all(): RecordSummary[] {
    return [...this.#records.values()].sort((a, b) => a.round - b.round);
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** True only if every volunteer that finished holds the same state after every round that any two of them applied. */
export function digestsAgree(logs: readonly RecordLog[], finals: readonly (string | undefined)[]): boolean {
  const states = new Map<number, string>();
  for (const log of logs) {
    if (log.all.length === 0) return false;
    for (const { round, state } of log.all) {
      const known = states.get(round) ?? state;
      if (known !== state) return false;
      states.set(round, known);
    }
  }
  return finals.every((digest) => digest !== undefined && digest === finals[0]);
}

export function buildReport(
  statuses: readonly VolunteerStatus[],
  logs: readonly RecordLog[],
  wallSeconds: number,
): SwarmReport {
  const first = statuses[0];
  const longest = logs.map((log) => log.all).sort((a, b) => b.length - a.length)[0] ?? [];
  if (first === undefined) throw new Error('no volunteer reported');
  const validations = longest.flatMap(({ validation }) => (validation === undefined ? [] : [validation]));
  const payload = mean(statuses.map((status) => status.payloadBytesPerRound ?? NaN));
  const message = mean(statuses.map((status) => status.messageBytesPerRound ?? NaN));
  const perRound = (phase: keyof PhaseMs): number =>
    mean(statuses.map((status) => status.phaseMs[phase] / Math.max(1, status.roundsTrained)));
  return {
    preset: first.preset,
    parameters: first.parameters,
    rounds: first.round,
    valLossFirst: validations[0] ?? null,
    valLossLast: first.validationLoss ?? null,
    digestsAgree: digestsAgree(
      logs,
      statuses.map((status) => status.stateDigest),
    ),
    payloadBytesPerRound: payload,
    messageBytesPerRound: message,
    compressionVsFp32: (4 * first.parameters) / payload,
    messageCompressionVsFp32: (4 * first.parameters) / message,
    phaseMs: {
      compute: perRound('compute'),
      exchange: perRound('exchange'),
      agree: perRound('agree'),
      apply: perRound('apply'),
      other: perRound('other'),
    },
    wallSeconds,
    volunteers: statuses.map((status) => ({
      id: status.self,
      adapter: status.adapter?.name ?? 'unknown',
      rounds: status.roundsTrained,
      lossFirst: status.ownLossFirst ?? null,
      lossLast: status.ownLossLast ?? null,
      bytesUp: status.bytesUp,
      bytesDown: status.bytesDown,
      digest: status.stateDigest ?? null,
    })),
    records: longest.map(({ round, contributions, tokens, state }) => ({
      round,
      contributions,
      tokens,
      stateDigest: state,
    })),
  };
}

/** What a 300-round run of `nano` by three volunteers with seed 1 must show, and does not; empty when all is kept. */
export function shortfalls(report: SwarmReport): string[] {
  const { compute, exchange, agree, apply, other } = report.phaseMs;
  const rest = (exchange + agree + apply + other) / (compute + exchange + agree + apply + other);
  const promises: readonly (readonly [boolean, string])[] = [
    [report.digestsAgree, 'every volunteer holds the same digest after every round'],
    [
      report.compressionVsFp32 >= 1120,
      `payload compression of 1,120 (${report.compressionVsFp32.toFixed(0)})`,
    ],
    [
      report.messageCompressionVsFp32 >= 950,
      `message compression of 950 (${report.messageCompressionVsFp32.toFixed(0)})`,
    ],
    [
      (report.valLossLast ?? Infinity) <= 2.75,
      `validation loss of 2.75 (${report.valLossLast?.toFixed(3) ?? 'none'})`,
    ],
    [rest < 1 / 3, `less than a third of a round outside compute (${rest.toFixed(3)})`],
  ];
  return promises.flatMap(([kept, promise]) => (kept ? [] : [promise]));
}
