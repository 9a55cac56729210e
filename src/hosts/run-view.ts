import { countParameters } from '../model/config.ts';
import type { Announcements } from '../swarm/announcements.ts';
import { readRunConfig, type RunConfig } from '../volunteer/run-config.ts';
import type { RunView } from '../volunteer/run-view.ts';

/** Reads the announced config, once a text. */
export class AnnouncedConfig {
  readonly #byInvitation: boolean;
  #text: string | undefined;
  #config: RunConfig | undefined;

  /** `byInvitation`: of the room. A run that says otherwise of itself is none for this room. */
  constructor(byInvitation = false) {
    this.#byInvitation = byInvitation;
  }

  /** Undefined where nothing, or nothing we could train, is announced. */
  read(text: string | undefined): RunConfig | undefined {
    if (text !== this.#text) {
      this.#text = text;
      const decoded = text === undefined ? undefined : readRunConfig(text);
      this.#config =
        decoded?.ok === true && decoded.value.open !== this.#byInvitation ? decoded.value : undefined;
    }
    return this.#config;
  }
}

/** What a page shows of the shared document. */
export function toRunView(announced: Announcements, config: RunConfig | undefined): RunView {
  const { connected, signaling, presences, records, curve, sample, documentBytes, rejections } = announced;
  const run = config && runOf(config);
  const unreadable =
    announced.config !== undefined && config === undefined ? { 'run config unreadable': 1 } : {};
  const all = { ...rejections, ...unreadable };
  return { connected, signaling, run, presences, records, curve, sample, documentBytes, rejections: all };
}

/**
 * What a page shows whose volunteer is in a run: that run, whichever is announced. Anyone can announce another one, and what
 * stands in the document then is not of ours. `own`: its config, and that as it is announced.
 */
export function viewFrom(
  announced: Announcements,
  config: RunConfig | undefined,
  own: { readonly config: RunConfig; readonly text: string },
): RunView {
  const view = { ...toRunView(announced, config), run: runOf(own.config) };
  return announced.config === own.text ? view : { ...view, records: [], curve: [], sample: undefined };
}

const runOf = (config: RunConfig): RunView['run'] => ({
  preset: config.preset,
  parameters: countParameters(config.model),
  seed: config.seed,
  startedBy: config.founder,
});
