/** Token ids and the ids that follow them, [B*T] each, sequence after sequence. */
export interface TokenBatch {
  readonly ids: Uint32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
}
