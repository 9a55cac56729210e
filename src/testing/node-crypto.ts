import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { concatBytes, toHex, type Bytes } from '../base/bytes.ts';
import type { PeerId } from '../base/ids.ts';
import type { Signer, SwarmCrypto } from '../swarm/identity.ts';

// Ed25519 keys in DER are these bytes, then the 32 bytes of the key (RFC 8410).
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');

const hash = (bytes: Uint8Array): Bytes => new Uint8Array(createHash('sha256').update(bytes).digest());

/**
 * The real SHA-256 and Ed25519, answering at once. What was verified before is remembered, because every volunteer of a
 * simulated swarm verifies the same messages.
 */
export function nodeCrypto(): SwarmCrypto {
  const known = new Map<string, boolean>();
  return {
    sha256: hash,
    verify(publicKey, bytes, signature) {
      const key = toHex(hash(concatBytes(publicKey, signature, bytes)));
      let valid = known.get(key);
      if (valid === undefined) {
        valid = verifyOnce(publicKey, bytes, signature);
        known.set(key, valid);
      }
      return valid;
    },
  };
}

function verifyOnce(publicKey: Bytes, bytes: Bytes, signature: Bytes): boolean {
  try {
    const der = Buffer.concat([publicPrefix, publicKey]);
    return verify(null, bytes, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature);
  } catch {
    return false; // not a point on the curve
  }
}

/** Signer number `n`, always the same one, with a real key. */
export function nodeSigner(n: number): Signer {
  const seed = hash(new Uint8Array([n & 255, n >> 8, 9]));
  const der = Buffer.concat([privatePrefix, seed]);
  const privateKey: KeyObject = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const publicKey = new Uint8Array(spki.subarray(publicPrefix.length));
  return {
    id: toHex(hash(publicKey).subarray(0, 16)) as PeerId,
    publicKey,
    sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)),
  };
}
