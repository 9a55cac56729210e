/** simple-peer's browser build; the package's own main needs Node's globals. */
declare module 'simple-peer/simplepeer.min.js' {
  import type SimplePeer from 'simple-peer';

  export type Options = SimplePeer.Options;
  export interface Instance extends SimplePeer.Instance {
    /** simple-peer says nothing when its buffer drains, so its channel is asked directly. Version 9.11.1, pinned. */
    readonly _channel: RTCDataChannel | null;
    getStats(callback: (error: Error | null, reports: readonly Record<string, unknown>[]) => void): void;
  }
  const Peer: new (options?: Options) => Instance;
  export default Peer;
}
