import type { RecordSummary } from '../../src/volunteer/status.ts';

/** Collects the records of one replica over a run, however few the page keeps. A record that was rolled back is replaced. */
export class RecordLog {
  readonly #records = new Map<number, RecordSummary>();

  add(records: readonly RecordSummary[]): void {
    for (const record of records) this.#records.set(record.round, record);
  }

  at(round: number): RecordSummary | undefined {
    return this.#records.get(round);
  }

  /** By round. */
  get all(): RecordSummary[] {
    return [...this.#records.values()].sort((a, b) => a.round - b.round);
  }
}
