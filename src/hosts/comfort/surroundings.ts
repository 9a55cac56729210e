/** What a tab can know of the machine around it, and do to it: the browser behind an interface, so that all else is tested without. */
export interface Surroundings {
  /** Undefined where the browser does not tell. */
  readonly battery: { readonly charging: boolean; readonly level: number } | undefined;
  /** Whether the connection is paid by the byte; undefined where the browser does not tell. */
  readonly metered: boolean | undefined;
  readonly hidden: boolean;
  /** Calls back when one of those has changed. Returns the way to stop. */
  onChange(listener: () => void): () => void;
  /** The day as it is here: 2026-11-23. */
  localDay(): string;
  /** Keeps the screen on until what it resolves with is called, or the browser takes it back and calls `lost`. Rejects where refused. */
  readonly keepAwake: ((lost: () => void) => Promise<() => void>) | undefined;
  /** What was kept in this browser; undefined where there is nothing, or nothing may be kept. */
  recall(key: string): string | undefined;
  keep(key: string, text: string): void;
}
