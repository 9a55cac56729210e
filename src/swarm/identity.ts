import { toHex, utf8, type Bytes } from '../base/bytes.ts';
import { sha256 } from '../base/digest.ts';
import { StarlingError } from '../base/errors.ts';
import type { PeerId } from '../base/ids.ts';
import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';

export const publicKeyBytes = 32;
export const signatureBytes = 64;

/** One volunteer's power to sign. The swarm needs no more of a key than this. */
export interface Signer {
  readonly id: PeerId;
  /** 32 bytes: the raw Ed25519 public key. */
  readonly publicKey: Bytes;
  /** 64 bytes. */
  sign(bytes: Bytes): MaybePromise<Bytes>;
}

/** Hashing and verifying, as an argument: tests pass a fast one that answers at once. */
export interface SwarmCrypto {
  /** 32 bytes. */
  sha256(bytes: Bytes): MaybePromise<Bytes>;
  /** False for any wrong signature or malformed key; never throws. */
  verify(publicKey: Bytes, bytes: Bytes, signature: Bytes): MaybePromise<boolean>;
}

/** An Ed25519 key pair of this volunteer. `keys` survives structured clone (IndexedDB, postMessage). */
export interface Identity extends Signer {
  readonly keys: CryptoKeyPair;
}

/** What a key is made of while it is moved. Whoever has it can sign: it is stored nowhere but sealed (key-file.ts). */
export interface KeyMaterial {
  /** The private key. */
  readonly pkcs8: Bytes;
  /** 32 bytes. */
  readonly publicKey: Bytes;
}

/** A new key pair; the private key cannot be exported. Throws StarlingError where Web Crypto has no Ed25519. */
export async function createIdentity(): Promise<Identity> {
  return identityFromKeys(await generate(false));
}

/** A new key as what it is made of, to be sealed. Throws StarlingError where Web Crypto has no Ed25519. */
export async function drawKeyMaterial(): Promise<KeyMaterial> {
  const keys = await generate(true);
  const [pkcs8, publicKey] = await Promise.all([
    crypto.subtle.exportKey('pkcs8', keys.privateKey),
    crypto.subtle.exportKey('raw', keys.publicKey),
  ]);
  return { pkcs8: new Uint8Array(pkcs8), publicKey: new Uint8Array(publicKey) };
}

/** The identity of what a key is made of, checked; its private key cannot be exported. Any bytes may be given. */
export async function identityFromMaterial({ pkcs8, publicKey }: KeyMaterial): Promise<Decoded<Identity>> {
  try {
    const [secret, open] = await Promise.all([
      crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']),
      crypto.subtle.importKey('raw', publicKey, 'Ed25519', true, ['verify']),
    ]);
    return await readIdentity({ publicKey: open, privateKey: secret });
  } catch {
    return refused('key-unusable');
  }
}

async function generate(extractable: boolean): Promise<CryptoKeyPair> {
  try {
    return await crypto.subtle.generateKey('Ed25519', extractable, ['sign', 'verify']);
  } catch (cause) {
    throw new StarlingError(
      'identity-unsupported',
      'This browser cannot make Ed25519 keys.',
      'Update the browser (Chromium 137, Firefox 130 or newer), and open the page over HTTPS or on localhost.',
      { cause },
    );
  }
}

/** The identity of a key pair made by `createIdentity`, here or on another thread. */
export async function identityFromKeys(keys: CryptoKeyPair): Promise<Identity> {
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey));
  return {
    id: await peerIdOf(publicKey),
    publicKey,
    keys,
    async sign(bytes) {
      return new Uint8Array(await crypto.subtle.sign('Ed25519', keys.privateKey, bytes));
    },
  };
}

/**
 * The identity of a key pair that was kept, checked: an Ed25519 pair whose halves belong together and whose private key can
 * sign and cannot be exported. Any value may be given.
 */
export async function readIdentity(value: unknown): Promise<Decoded<Identity>> {
  if (typeof value !== 'object' || value === null) return refused('key-wrong-shape');
  const { publicKey, privateKey } = value as Partial<Record<string, unknown>>;
  if (!(publicKey instanceof CryptoKey) || !(privateKey instanceof CryptoKey))
    return refused('key-wrong-shape');
  // A key that moves does so by a sealed copy made with it: docs/adr/0016.
  if (privateKey.extractable) return refused('key-extractable');
  try {
    const identity = await identityFromKeys({ publicKey, privateKey });
    const probe = utf8('starling identity probe');
    const belongs = await verify(identity.publicKey, probe, await identity.sign(probe));
    return belongs ? accepted(identity) : refused('key-halves-differ');
  } catch {
    return refused('key-unusable'); // another algorithm, or a key that may not sign
  }
}

/** The peer id of a public key: the first 16 bytes of its SHA-256, as hex. */
export function peerIdOf(publicKey: Bytes, hash: SwarmCrypto['sha256'] = sha256): MaybePromise<PeerId> {
  return chain(hash(publicKey), (digest) => toHex(digest.subarray(0, 16)) as PeerId);
}

/** Whether `signature` is an Ed25519 signature of `bytes` by `publicKey`. Any bytes may be given; never throws. */
export async function verify(publicKey: Bytes, bytes: Bytes, signature: Bytes): Promise<boolean> {
  if (publicKey.length !== publicKeyBytes || signature.length !== signatureBytes) return false;
  try {
    const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', key, signature, bytes);
  } catch {
    return false; // not a point on the curve
  }
}

export const webCrypto: SwarmCrypto = { sha256, verify };
