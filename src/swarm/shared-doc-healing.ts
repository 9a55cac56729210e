import * as encoding from 'lib0/encoding';
import { writeSyncStep1 } from 'y-protocols/sync';
import type { WebrtcProvider } from 'y-webrtc';
import type { Clock } from '../base/clock.ts';
import type { SharedDoc } from './shared-doc-state.ts';

/** How long an update may wait for one before it, and how often we ask for what is missing. */
const waitMs = 3_000;
const askMs = 10_000;

export interface Healing {
  /** Looks whether something is missing; `refused`: it was just refused because it came too early. */
  readonly look: (refused: boolean) => void;
  readonly end: () => void;
}

/**
 * Asks the connected tabs anew for what the document lacks. y-webrtc asks once a connection and loses what it cannot send
 * at once; what comes after then waits in Yjs for ever, and so does what a stranger made up. Waiting updates are forgotten
 * first: what is real comes again.
 */
export function askAgain(
  provider: Pick<WebrtcProvider, 'room'>,
  shared: Pick<SharedDoc, 'doc' | 'forgetWaiting' | 'changed'>,
  clock: Clock,
): Healing {
  let askedAt = -Infinity;
  let cancel: (() => void) | undefined;
  let lacking = false;
  const ask = () => {
    cancel = undefined;
    // What arrived meanwhile may have been what was waited for.
    if (!shared.forgetWaiting() && !lacking) return;
    lacking = false;
    askedAt = clock.now();
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 0);
    writeSyncStep1(encoder, shared.doc);
    for (const { connected, peer } of provider.room?.webrtcConns.values() ?? []) {
      if (!connected) continue;
      try {
        (peer as { send(bytes: Uint8Array): void }).send(encoding.toUint8Array(encoder));
      } catch {
        lacking = true; // it is closing, or cannot send just now
      }
    }
    shared.changed();
  };
  return {
    look(refused) {
      lacking ||= refused;
      const { pendingStructs, pendingDs } = shared.doc.store;
      if (cancel !== undefined || (!lacking && pendingStructs === null && pendingDs === null)) return;
      cancel = clock.after(Math.max(waitMs, askedAt + askMs - clock.now()), ask);
    },
    end() {
      cancel?.();
    },
  };
}
