import { concatBytes, equalBytes, toHex, type Bytes } from '../base/bytes.ts';
import type { PeerId } from '../base/ids.ts';
import { hashWords, mix32 } from '../base/random.ts';
import type { Signer, SwarmCrypto } from '../swarm/identity.ts';

/** 32 bytes that depend on every byte given. Fast and resolved at once; nothing like SHA-256 in strength. */
function fakeHash(bytes: Uint8Array): Bytes {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = mix32(b + byte + 1);
  }
  const words = new Uint32Array(8);
  for (let i = 0; i < 8; i++) words[i] = hashWords(a, b, bytes.length, i);
  return new Uint8Array(words.buffer);
}

const fakeSignature = (publicKey: Uint8Array, bytes: Uint8Array): Bytes => {
  const half = fakeHash(concatBytes(publicKey, bytes));
  return concatBytes(half, half);
};

/** Hashing and verifying that answer at once: a test with a manual clock stays in step, and is fast. */
export const fakeCrypto: SwarmCrypto = {
  sha256: (bytes) => fakeHash(bytes),
  verify: (publicKey, bytes, signature) => equalBytes(signature, fakeSignature(publicKey, bytes)),
};

/** Signer number `n`, always the same one. Its signatures verify with `fakeCrypto` only. */
export function fakeSigner(n: number): Signer {
  const publicKey = fakeHash(new Uint8Array([n & 255, n >> 8, 7]));
  return {
    id: toHex(fakeHash(publicKey).subarray(0, 16)) as PeerId,
    publicKey,
    sign: (bytes) => fakeSignature(publicKey, bytes),
  };
}
