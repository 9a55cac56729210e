import type { Clock } from '../base/clock.ts';
import { Allowance } from '../swarm/shared-doc-bounds.ts';
import type { SharedRooms } from '../swarm/shared-doc-rooms.ts';
import { readRunConfig } from '../volunteer/run-config.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';

/** Speed and round ride in awareness, at most this often; the document itself is written on a change only. */
const presenceGapMs = 2_000;
/** Where rounds are quicker than that, their records go together: each message costs every tab some of its time to train. */
const recordsGapMs = 500;
/** No more wait than half of what the document shows: whoever looks now and then misses none. */
const mostUntold = 4;
/** How often a member looks whether a stranger took out what the room announced. */
const lookMs = 5_000;
/** As many as the document keeps: older records need not be put back. */
const keptRecords = 8;

type Shared = Pick<
  SharedRooms,
  'config' | 'view' | 'passRound' | 'uphold' | 'announceRecords' | 'announceSample' | 'setPresence'
>;

/** Tells the shared document what this tab's volunteer does: records it led, text it sampled, and that it is here. */
export class Announcer {
  readonly #shared: Shared;
  readonly #clock: Clock;
  readonly #config: string;
  /** Eight at once, then one a minute: a stranger who goes on taking things out costs no more. */
  readonly #repairs: Allowance;
  #announcedRound = 0;
  /** Rounds whose records are ours to tell, and were not told yet. */
  readonly #untold = new Set<number>();
  #toldAt = -Infinity;
  #said: VolunteerStatus | undefined;
  #announcedSample = 0;
  #lookedAt: number;
  #presenceAt = -Infinity;
  #presenceState = '';

  /** `config`: the canonical text of the volunteer's run. */
  constructor(shared: Shared, clock: Clock, config: string) {
    this.#shared = shared;
    this.#clock = clock;
    this.#config = config;
    this.#repairs = new Allowance(clock, 8, 60_000);
    this.#lookedAt = clock.now();
  }

  /** `name`: what its person called it. */
  tell(status: VolunteerStatus, name?: string): void {
    this.#said = status;
    const isMember = status.peers.some(({ self, member }) => self && member);
    this.#shared.passRound(isMember ? status.round : undefined);
    for (const record of status.records) {
      if (record.round <= this.#announcedRound) continue;
      this.#announcedRound = record.round;
      if (record.leader === status.self) this.#untold.add(record.round);
    }
    const isTime = this.#clock.now() - this.#toldAt >= recordsGapMs;
    if (isTime || this.#untold.size >= mostUntold) this.#tellRecords(status);
    if (status.sample !== undefined && status.sample.round > this.#announcedSample) {
      this.#announcedSample = status.sample.round;
      this.#shared.announceSample({ ...status.sample, by: status.self });
    }
    this.#tellPresence(status, isMember, name);
    if (isMember) this.#putBack(status, this.#config);
  }

  /** This tab no longer trains. */
  silence(): void {
    if (this.#said !== undefined) this.#tellRecords(this.#said);
    this.#shared.passRound(undefined);
    this.#shared.setPresence(undefined);
  }

  /** As they are now: one may have been taken back, or put right, since its round was noted. */
  #tellRecords({ records, self }: VolunteerStatus): void {
    // What a stranger announces, or another run that was here first, is not to be mixed with ours.
    if (this.#untold.size === 0 || this.#shared.config !== this.#config) return;
    const led = records.filter(({ round, leader }) => leader === self && this.#untold.has(round));
    this.#untold.clear();
    if (led.length === 0) return;
    this.#toldAt = this.#clock.now();
    this.#shared.announceRecords(...led);
  }

  /** Anyone can write to the document: what is gone of the run, or of ours, is announced again, within bounds. */
  #putBack(status: VolunteerStatus, own: string): void {
    const now = this.#clock.now();
    if (now - this.#lookedAt < lookMs) return;
    this.#lookedAt = now;
    // What was not told yet is not lost.
    this.#tellRecords(status);
    const { config, records } = this.#shared.view();
    // Another run that can be read is not a stranger's scribble: the host decides between the two.
    if (config !== undefined && config !== own && readRunConfig(config).ok) return;
    if (!this.#repairs.take()) return;
    const shown = records.map(({ round }) => round);
    // What is older than the oldest of a full list has made room for newer ones.
    const oldest = shown.length < keptRecords ? 0 : Math.min(...shown);
    const led = status.records.slice(-keptRecords).filter(({ leader }) => leader === status.self);
    const lost = led.filter(({ round }) => round >= oldest && !shown.includes(round));
    const upheld = this.#shared.uphold(own, {
      records: status.records.slice(-keptRecords),
      curve: status.curve,
    });
    if (!upheld && lost.length > 0) this.#shared.announceRecords(...lost);
    if (!upheld && lost.length === 0) this.#repairs.giveBack();
  }

  #tellPresence(status: VolunteerStatus, member: boolean, name: string | undefined): void {
    const state = `${status.state}/${status.members}/${name ?? ''}`;
    const now = this.#clock.now();
    if (state === this.#presenceState && now - this.#presenceAt < presenceGapMs) return;
    this.#presenceState = state;
    this.#presenceAt = now;
    this.#shared.setPresence({
      id: status.self,
      name,
      adapter: (status.adapter?.name ?? 'opening').slice(0, 120),
      software: status.adapter?.software ?? false,
      tokensPerSecond: status.tokensPerSecond,
      state: status.state,
      round: status.round,
      member,
    });
  }
}
