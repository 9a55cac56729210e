import { realClock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import { SharedRooms } from '../swarm/shared-doc-rooms.ts';
import { openSharedDoc } from '../swarm/shared-doc.ts';
import type { RunView } from '../volunteer/run-view.ts';
import { ChangeRelay } from './change-relay.ts';
import { documentRoom, invitationIn, signalingUrlOf } from './invited.ts';
import { AnnouncedConfig, toRunView } from './run-view.ts';

/** A page that only watches a room: its shared document, and nothing that trains. */
export class WatchHost {
  readonly #shared: SharedRooms;
  readonly #config = new AnnouncedConfig();
  readonly #listeners = new Set<(view: RunView) => void>();

  private constructor(shared: SharedRooms) {
    this.#shared = shared;
    const relay = new ChangeRelay(realClock, () => {
      const view = this.view();
      for (const listener of this.#listeners) listener(view);
    });
    shared.onChange(() => relay.changed());
  }

  /** Joins the room's shared document as a viewer. `base` is the page's address; rejects where that carries an invitation. */
  static async open(room: string, base: URL): Promise<WatchHost> {
    // Who is invited is shown no other room in place of theirs.
    if ((await invitationIn(base)) !== undefined) throw privateRun();
    const shared = await SharedRooms.open({
      room: await documentRoom(room, undefined),
      open: (name) => openSharedDoc({ room: name, signalingUrls: [signalingUrlOf(base)] }),
      clock: realClock,
    });
    return new WatchHost(shared);
  }

  view(): RunView {
    const announced = this.#shared.view();
    return toRunView(announced, this.#config.read(announced.config));
  }

  /** Calls back with every new view, the present one at once. Returns the way to stop. */
  subscribe(listener: (view: RunView) => void): () => void {
    this.#listeners.add(listener);
    listener(this.view());
    return () => {
      this.#listeners.delete(listener);
    };
  }

  close(): void {
    this.#listeners.clear();
    void this.#shared.close();
  }
}

const privateRun = (): StarlingError =>
  new StarlingError(
    'embed-private',
    'This address carries a key, and a private run is not shown in other pages.',
    'Open the address of the run itself, or leave out what stands after #.',
  );
