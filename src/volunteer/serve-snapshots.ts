import type { Replica } from '../model/replica.ts';
import type { Swarm } from '../swarm/swarm-api.ts';

/** Hands a replica that no longer changes to whoever asks, reading it from the GPU once at a time. */
export function serveSnapshots(swarm: Swarm, replica: Replica, round: number, state: string): void {
  let reading = false;
  const serve = async (): Promise<void> => {
    if (reading || !swarm.snapshotWanted) return;
    reading = true;
    try {
      swarm.offerSnapshot(round, state, await replica.snapshot());
    } catch {
      // The GPU was lost or this volunteer left while it was read: both are told elsewhere, and nobody is served.
    } finally {
      reading = false;
    }
  };
  swarm.onChange(() => void serve());
  void serve();
}
