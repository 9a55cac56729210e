import { describe, expect, test } from 'vitest';
import { utf8 } from '../base/bytes.ts';
import { isPeerId } from '../base/ids.ts';
import { createIdentity, identityFromKeys, peerIdOf, readIdentity, verify } from './identity.ts';

describe('identity', () => {
  test('a signature verifies with its own key and bytes only', async () => {
    const [mine, other] = [await createIdentity(), await createIdentity()];
    const text = utf8('round 1');
    const signature = await mine.sign(text);
    expect(signature.length).toBe(64);
    expect(await verify(mine.publicKey, text, signature)).toBe(true);
    expect(await verify(other.publicKey, text, signature)).toBe(false);
    expect(await verify(mine.publicKey, utf8('round 2'), signature)).toBe(false);
    signature[0] = (signature[0] ?? 0) ^ 1;
    expect(await verify(mine.publicKey, text, signature)).toBe(false);
  });

  test('malformed keys and signatures are false, not exceptions', async () => {
    const { publicKey, sign } = await createIdentity();
    const signature = await sign(utf8('x'));
    expect(await verify(publicKey.slice(1), utf8('x'), signature)).toBe(false);
    expect(await verify(publicKey, utf8('x'), signature.slice(1))).toBe(false);
    expect(await verify(new Uint8Array(32).fill(255), utf8('x'), signature)).toBe(false);
  });

  test('the id is the first 16 bytes of the SHA-256 of the public key', async () => {
    const { id, publicKey } = await createIdentity();
    expect(isPeerId(id)).toBe(true);
    expect(await peerIdOf(publicKey)).toBe(id);
    expect(await peerIdOf(new Uint8Array(32))).toBe('66687aadf862bd776c8fc18b8e9f8e20'); // SHA-256 of 32 zero bytes
  });

  test('the keys survive structured clone, and the private key stays where it is', async () => {
    const mine = await createIdentity();
    const clone = await identityFromKeys(structuredClone(mine.keys));
    expect(clone.id).toBe(mine.id);
    expect(await verify(mine.publicKey, utf8('x'), await clone.sign(utf8('x')))).toBe(true);
    await expect(crypto.subtle.exportKey('pkcs8', clone.keys.privateKey)).rejects.toThrow();
  });

  test('a key pair that was kept is read back as it was', async () => {
    const mine = await createIdentity();
    const read = await readIdentity(structuredClone(mine.keys));
    expect(read.ok && read.value.id).toBe(mine.id);
  });

  test('what is not a whole, locked Ed25519 pair is refused, whatever it is', async () => {
    const [mine, other] = [await createIdentity(), await createIdentity()];
    const pair = async (algorithm: EcKeyGenParams | 'Ed25519', extractable: boolean) =>
      (await crypto.subtle.generateKey(algorithm, extractable, ['sign', 'verify'])) as CryptoKeyPair;
    const values: readonly (readonly [unknown, string])[] = [
      [undefined, 'key-wrong-shape'],
      [null, 'key-wrong-shape'],
      ['key', 'key-wrong-shape'],
      [{}, 'key-wrong-shape'],
      [{ publicKey: mine.publicKey, privateKey: {} }, 'key-wrong-shape'],
      [{ publicKey: mine.keys.publicKey }, 'key-wrong-shape'],
      [{ publicKey: other.keys.publicKey, privateKey: mine.keys.privateKey }, 'key-halves-differ'],
      [{ publicKey: mine.keys.publicKey, privateKey: mine.keys.publicKey }, 'key-extractable'],
      [{ publicKey: mine.keys.privateKey, privateKey: mine.keys.privateKey }, 'key-unusable'],
      [await pair('Ed25519', true), 'key-extractable'],
      [await pair({ name: 'ECDSA', namedCurve: 'P-256' }, false), 'key-unusable'],
    ];
    for (const [value, reason] of values) expect(await readIdentity(value)).toEqual({ ok: false, reason });
  });
});
