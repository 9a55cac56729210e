import { countParameters } from '../model/config.ts';
import type { Announcements } from '../swarm/announcements.ts';
import { readRunConfig, type RunConfig } from '../volunteer/run-config.ts';
import type { RunView } from '../volunteer/run-view.ts';

/** Reads the announced config, once a text. */
export class AnnouncedConfig {
  #text: string | undefined;
  #config: RunConfig | undefined;

  /** Undefined where nothing, or nothing we could train, is announced. */
  read(text: string | undefined): RunConfig | undefined {
    if (text !== this.#text) {
      this.#text = text;
      const decoded = text === undefined ? undefined : readRunConfig(text);
      this.#config = decoded?.ok === true ? decoded.value : undefined;
    }
    return this.#config;
  }
}

/** What a page shows of the shared document. */
export function toRunView(announced: Announcements, config: RunConfig | undefined): RunView {
  const { connected, signaling, presences, records, curve, sample, documentBytes, rejections } = announced;
  const run = config && {
    preset: config.preset,
    parameters: countParameters(config.model),
    seed: config.seed,
    startedBy: config.founder,
  };
  const unreadable =
    announced.config !== undefined && config === undefined ? { 'run config unreadable': 1 } : {};
  const all = { ...rejections, ...unreadable };
  return { connected, signaling, run, presences, records, curve, sample, documentBytes, rejections: all };
}
