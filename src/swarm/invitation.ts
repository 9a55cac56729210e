import { fromBase64url, toBase64url } from '../base/base64url.ts';
import { concatBytes, toHex, utf8, type Bytes } from '../base/bytes.ts';
import { StarlingError } from '../base/errors.ts';
import type { RunId } from '../base/ids.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';

/**
 * Runs by invitation. Whoever has the key, 32 random bytes in the fragment of an address, can find the run's document, read
 * and write what is said there through the signaling server, and be connected to its volunteers. Nobody else can: names of
 * rooms and the keys that seal signals come from it (HKDF-SHA-256, RFC 5869), and a signal that does not open is refused.
 */
export const invitationBytes = 32;

/** Characters of a key in an address. */
export const invitationCharacters = 43;

/** Shuts what only holders of the same key can open. */
export interface Seal {
  /** `value` must be JSON. `place`: where it may be opened, so that a server cannot carry it elsewhere. */
  shut(value: unknown, place: string): Promise<string>;
  /** What was shut for this place. Refused as `uninvited` if it was not, by a holder; never throws. Any value may be given. */
  open(sealed: unknown, place: string): Promise<Decoded<unknown>>;
}

export interface Invitation {
  /** The room of the shared document of the run by this name. */
  room(name: string): Promise<string>;
  /** For what the shared document says through the signaling server. */
  readonly documentSeal: Seal;
  /** The room of a run's contribution mesh, and the seal for its signals. */
  mesh(run: RunId): Promise<MeshAdmission>;
}

export interface MeshAdmission {
  readonly room: string;
  /** Undefined: anyone may connect. */
  readonly seal: Seal | undefined;
}

/** A new key, from the browser's own randomness. */
export const drawInvitation = (): Bytes => crypto.getRandomValues(new Uint8Array(invitationBytes));

export const writeInvitation = (key: Bytes): string => toBase64url(key);

/** Undefined unless it is a whole key in its one form. */
export function readInvitation(text: string): Bytes | undefined {
  const key = text.length === invitationCharacters ? fromBase64url(text) : undefined;
  return key?.length === invitationBytes ? key : undefined;
}

/** Throws StarlingError `invitation-insecure` where there is no Web Crypto, and `invitation-damaged` for no key. */
export async function openInvitation(key: Bytes): Promise<Invitation> {
  if (key.length !== invitationBytes) throw damagedInvitation();
  if ((globalThis.crypto as Partial<Crypto> | undefined)?.subtle === undefined) {
    throw new StarlingError(
      'invitation-insecure',
      'Invitations need a secure page, and this address is plain HTTP.',
      'Open the same address with https:// in front, the part after # included.',
    );
  }
  const root = await crypto.subtle.importKey('raw', key, 'HKDF', false, ['deriveBits', 'deriveKey']);
  const documentSeal = sealOf(await sealKey(root, 'document', ''));
  return {
    documentSeal,
    room: async (name) => `starling/invited/${toHex(await derive(root, 'room', name))}`,
    async mesh(run) {
      const [room, seal] = await Promise.all([derive(root, 'mesh room', run), sealKey(root, 'mesh', run)]);
      return { room: toHex(room), seal: sealOf(seal) };
    },
  };
}

/** What an address says whose key was cut or changed. */
export const damagedInvitation = (): StarlingError =>
  new StarlingError(
    'invitation-damaged',
    'The invitation in this address is damaged: the part after # is cut off or changed.',
    'Copy the whole address again from whoever sent it.',
  );

/** How the volunteers of a run are admitted to its mesh. */
export const admissionTo = async (run: RunId, invitation: Invitation | undefined): Promise<MeshAdmission> =>
  invitation === undefined ? { room: run, seal: undefined } : invitation.mesh(run);

const hkdf = (purpose: string, context: string) => ({
  name: 'HKDF',
  hash: 'SHA-256',
  salt: new Uint8Array(0),
  info: utf8(`starling invitation 1\n${purpose}\n${context}`),
});

/** 32 bytes that may be shown: they say nothing of the key. */
const derive = async (root: CryptoKey, purpose: string, context: string): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.deriveBits(hkdf(purpose, context), root, 256));

const sealKey = (root: CryptoKey, purpose: string, context: string): Promise<CryptoKey> =>
  crypto.subtle.deriveKey(hkdf(purpose, context), root, { name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);

const ivBytes = 12;
const tagBytes = 16;
/** Above what a signaling server forwards. */
const longestSealed = 64 << 10;

/** AES-256-GCM under a random nonce; the place is authenticated with it. As text: base64url of nonce and ciphertext. */
const sealOf = (key: CryptoKey): Seal => ({
  async shut(value, place) {
    const iv = crypto.getRandomValues(new Uint8Array(ivBytes));
    const parameters = { name: 'AES-GCM', iv, additionalData: utf8(place) };
    const shut = await crypto.subtle.encrypt(parameters, key, utf8(JSON.stringify(value)));
    return toBase64url(concatBytes(iv, new Uint8Array(shut)));
  },
  async open(sealed, place) {
    if (typeof sealed !== 'string' || sealed.length > longestSealed) return uninvited;
    const bytes = fromBase64url(sealed);
    if (bytes === undefined || bytes.length < ivBytes + tagBytes) return uninvited;
    const parameters = { name: 'AES-GCM', iv: bytes.subarray(0, ivBytes), additionalData: utf8(place) };
    try {
      const opened = await crypto.subtle.decrypt(parameters, key, bytes.subarray(ivBytes));
      return accepted(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(opened)));
    } catch {
      return uninvited; // shut with another key, for another place, or by nobody
    }
  },
});

const uninvited = refused('uninvited');
