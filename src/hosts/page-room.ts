import { pause, realClock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import type { PeerId } from '../base/ids.ts';
import type { Announcements } from '../swarm/announcements.ts';
import type { Invitation } from '../swarm/invitation.ts';
import type { SharedRooms } from '../swarm/shared-doc-rooms.ts';
import type { RunConfig } from '../volunteer/run-config.ts';
import type { RunView } from '../volunteer/run-view.ts';
import { isHeld, Listening } from './find-run.ts';
import { AnnouncedConfig, toRunView, viewFrom } from './run-view.ts';

/** The room of a page: what its shared document announces, read and judged. */
export class PageRoom {
  readonly shared: SharedRooms;
  /** Undefined: everyone may join. */
  readonly invitation: Invitation | undefined;
  readonly #config: AnnouncedConfig;
  #serverReachedMs: number | undefined;

  constructor(shared: SharedRooms, invitation: Invitation | undefined) {
    this.shared = shared;
    this.invitation = invitation;
    this.#config = new AnnouncedConfig(invitation !== undefined);
  }

  /** Everything that is announced. */
  announced(): Announcements {
    return this.shared.view();
  }

  /** What a page shows of it. `own`: the run that this tab's volunteer is in, and its config as it is announced. */
  view(own: { readonly config: RunConfig; readonly text: string } | undefined): RunView {
    const announced = this.shared.view();
    const config = this.#config.read(announced.config);
    return own === undefined ? toRunView(announced, config) : viewFrom(announced, config, own);
  }

  /** The announced run, where there is one that we could train. To be called soon after the document changed. */
  look(): RunConfig | undefined {
    const { signaling, config } = this.shared.view();
    this.#serverReachedMs = signaling ? (this.#serverReachedMs ?? realClock.now()) : undefined;
    return this.#config.read(config);
  }

  /** The run announced in this room that someone is in; undefined after listening long enough. */
  async findRun(self: PeerId): Promise<RunConfig | undefined> {
    const listening = new Listening(realClock.now(), this.#serverReachedMs);
    for (;;) {
      const announced = this.shared.view();
      const found = this.heldRun(self);
      if (found !== undefined) return found;
      if (listening.isEnough(announced, realClock.now())) {
        if (!this.#isForeign()) return undefined;
        throw new StarlingError(
          'run-unreadable',
          'The run in this room is not one that this version of the page can train.',
          'Reload the page, or open another room: ?run=any-name.',
        );
      }
      await pause(realClock, 50);
    }
  }

  /** The announced run, where others than `self` are in it. */
  heldRun(self: PeerId): RunConfig | undefined {
    const { config, presences } = this.shared.view();
    const found = this.#config.read(config);
    // This key may still be announced by its own page before a reload, which holds nothing any more.
    const others = presences.filter(({ id }) => id !== self);
    return found !== undefined && isHeld(found.founder, others) ? found : undefined;
  }

  /** Others train what we cannot read: to start a run here would take theirs out of the room. */
  #isForeign(): boolean {
    const { config, presences } = this.shared.view();
    const unreadable = config !== undefined && this.#config.read(config) === undefined;
    return unreadable && presences.some(({ member }) => member);
  }
}
