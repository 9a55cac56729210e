import type { Clock } from '../base/clock.ts';
import type { SharedDoc } from '../swarm/shared-doc-state.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';

const presenceGapMs = 2_000;

/** Tells the shared document what this tab's volunteer does: records it led, text it sampled, and that it is here. */
export class Announcer {
  readonly #shared: SharedDoc;
  readonly #clock: Clock;
  #announcedRound = 0;
  #announcedSample = 0;
  #presenceAt = -Infinity;
  #presenceState = '';

  constructor(shared: SharedDoc, clock: Clock) {
    this.#shared = shared;
    this.#clock = clock;
  }

  tell(status: VolunteerStatus): void {
    for (const record of status.records) {
      if (record.round <= this.#announcedRound) continue;
      this.#announcedRound = record.round;
      if (record.leader === status.self) this.#shared.announceRecord(record);
    }
    if (status.sample !== undefined && status.sample.round > this.#announcedSample) {
      this.#announcedSample = status.sample.round;
      this.#shared.announceSample({ ...status.sample, by: status.self });
    }
    this.#tellPresence(status);
  }

  /** This tab no longer trains. */
  silence(): void {
    this.#shared.setPresence(undefined);
  }

  #tellPresence(status: VolunteerStatus): void {
    const state = `${status.state}/${status.members}`;
    const now = this.#clock.now();
    if (state === this.#presenceState && now - this.#presenceAt < presenceGapMs) return;
    this.#presenceState = state;
    this.#presenceAt = now;
    this.#shared.setPresence({
      id: status.self,
      adapter: (status.adapter?.name ?? 'opening').slice(0, 120),
      software: status.adapter?.software ?? false,
      tokensPerSecond: status.tokensPerSecond,
      state: status.state,
      round: status.round,
      member: status.peers.some(({ self, member }) => self && member),
    });
  }
}
