declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** 32 lower-case hex digits: the first 16 bytes of SHA-256 of the peer's Ed25519 public key. */
export type PeerId = Brand<string, 'PeerId'>;
/** 64 lower-case hex digits: the SHA-256 of the canonical bytes of the run's config. */
export type RunId = Brand<string, 'RunId'>;
/** 64 lower-case hex digits: a SHA-256. */
export type Digest = Brand<string, 'Digest'>;

const hexOf = (text: unknown, length: number): text is string =>
  typeof text === 'string' && text.length === length && /^[0-9a-f]+$/.test(text);

export const isPeerId = (text: unknown): text is PeerId => hexOf(text, 32);
export const isRunId = (text: unknown): text is RunId => hexOf(text, 64);
export const isDigest = (text: unknown): text is Digest => hexOf(text, 64);
