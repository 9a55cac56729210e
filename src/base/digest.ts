import { toHex, type Bytes } from './bytes.ts';
import type { Digest } from './ids.ts';

/** SHA-256 by Web Crypto. Exists only in a secure context (HTTPS or localhost). */
export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** SHA-256 as 64 hex digits. */
export async function digestOf(bytes: Bytes): Promise<Digest> {
  return toHex(await sha256(bytes)) as Digest;
}
