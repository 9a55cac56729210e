import { MetricsHistory, type MetricsView } from '../volunteer/metrics.ts';
import type { PresenceView, RunView } from '../volunteer/run-view.ts';
import type { RecordedPresence, RecordedSample, Recording } from './recording.ts';

/** As many as the shared document announces. */
const recordsShown = 8;

/** What the page showed at a moment of the recording, as a page that only watches shows it. */
export interface ReplayFrame {
  readonly view: RunView;
  readonly metrics: MetricsView;
  /** Oldest first. */
  readonly samples: readonly { readonly round: number; readonly text: string }[];
  /** Rounds seen by then, at least 1. */
  readonly rounds: number;
}

/** A recording that can be looked at at any of its moments. */
export class Replay {
  readonly recording: Recording;
  /** From its first round to whatever it holds last, ms. */
  readonly lengthMs: number;
  readonly #metrics = new MetricsHistory();
  #measured = 0;
  #last: { readonly key: string; readonly frame: ReplayFrame } | undefined;

  constructor(recording: Recording) {
    this.recording = recording;
    const { rounds, samples, company } = recording;
    this.lengthMs = Math.max(...[rounds, samples, company].map((list) => list.at(-1)?.atMs ?? 0));
  }

  /** When the round at a place of the list of rounds was seen; the last one's for places behind it. */
  momentOf(place: number): number {
    const { rounds } = this.recording;
    return rounds[Math.min(place, rounds.length - 1)]?.atMs ?? 0;
  }

  /** The frame at a moment; the same object as before where nothing has changed since. */
  frameAt(ms: number): ReplayFrame {
    const { rounds, samples, company, past, run } = this.recording;
    const [seen, texts, changes] = [upTo(rounds, ms), upTo(samples, ms), upTo(company, ms)];
    const key = `${seen}/${texts}/${changes}`;
    if (this.#last?.key === key) return this.#last.frame;
    const shown = rounds.slice(0, seen);
    const curve = shown.flatMap(({ round, train, validation }) =>
      train === undefined ? [] : [{ round, train, validation }],
    );
    const frame: ReplayFrame = {
      view: {
        ...{ connected: false, signaling: false, run, documentBytes: 0, rejections: {} },
        presences: this.#presences(company.slice(0, changes), shown.at(-1)?.round ?? 0),
        records: shown.slice(-recordsShown).map(({ counted, ...record }) => ({
          ...{ round: record.round, leader: record.leader, contributions: counted, tokens: record.tokens },
          ...{ train: record.train, validation: record.validation, state: record.state },
        })),
        curve: [...past, ...curve],
        sample: samples[texts - 1],
      },
      metrics: this.#metricsOf(seen),
      samples: inOrder(samples.slice(0, texts)),
      rounds: seen,
    };
    this.#last = { key, frame };
    return frame;
  }

  /** The history is cut back or added to, as the replay moves. */
  #metricsOf(seen: number): MetricsView {
    const { rounds } = this.recording;
    if (seen < this.#measured) this.#metrics.cutBack(rounds[seen - 1]?.round ?? -Infinity);
    for (const one of rounds.slice(this.#measured, seen))
      this.#metrics.add({ ...one, contributions: one.counted });
    this.#measured = seen;
    return this.#metrics.view;
  }

  #presences(changes: readonly RecordedPresence[], round: number): readonly PresenceView[] {
    const here = new Map<string, RecordedPresence>();
    for (const change of changes) {
      if (change.doing === undefined) here.delete(change.id);
      else here.set(change.id, change);
    }
    return this.recording.peers.flatMap(({ id, adapter, software }) => {
      const found = here.get(id);
      if (found?.doing === undefined) return [];
      const { doing, member, tokensPerSecond } = found;
      return [{ id, adapter, software, tokensPerSecond, state: doing, round, member }];
    });
  }
}

/** How many of a list, ascending in time, were there at `ms`. */
function upTo(list: readonly { readonly atMs: number }[], ms: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle]?.atMs ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** By round, the last text of each. */
function inOrder(samples: readonly RecordedSample[]): ReplayFrame['samples'] {
  const byRound = new Map(samples.map(({ round, text }) => [round, { round, text }]));
  return [...byRound.values()].sort((a, b) => a.round - b.round);
}
