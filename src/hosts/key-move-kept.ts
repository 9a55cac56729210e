import * as v from 'valibot';
import { readName } from '../base/friendly-name.ts';
import type { PeerId, RunId } from '../base/ids.ts';
import { readIdentity, type Identity, type KeyMaterial } from '../swarm/identity.ts';
import {
  maxKeyFileCharacters,
  maxKeyFileRuns,
  readKeyFile,
  sealKeyFile,
  type SignedByRun,
} from '../swarm/key-file.ts';
import { laterOf, readSignedRounds } from '../swarm/signing-log.ts';
import { unreadableLog } from './key-move-errors.ts';
import type { KeyMoveStore } from './key-move-store.ts';
import { openedOf } from './signing-log.ts';

/** What stands in the database of keys, as far as moving them goes: written here, and checked when it is read. */

/** What a slot holds. */
export interface Held {
  readonly identity: Identity;
  /** The text of a key file without logs; undefined: this key was not made to move. */
  readonly sealed: string | undefined;
}

const wholeNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** What is left of a key that was taken away. */
const awayEntry = v.object({
  /** How often it was taken away before it left here, this time included. */
  moves: wholeNumber,
  atMs: wholeNumber,
  /** Undefined once its person has said that it is saved. */
  file: v.optional(v.pipe(v.string(), v.maxLength(maxKeyFileCharacters))),
  name: v.optional(v.custom<string>((value) => readName(value) !== undefined)),
});

export type Away = v.InferOutput<typeof awayEntry>;

/** A key pair, and beside it what it takes to move it. */
export type StoredKey = CryptoKeyPair & { readonly sealed: string };

/** What is kept of a key that can move. `moves`: how often it was taken away from a browser. */
export async function sealedKey(
  { keys }: Identity,
  { pkcs8, publicKey }: KeyMaterial,
  moves: number,
  password: string,
): Promise<StoredKey> {
  const sealed = await sealKeyFile({ pkcs8, publicKey, name: undefined, moves, signed: [] }, password);
  return { publicKey: keys.publicKey, privateKey: keys.privateKey, sealed };
}

/** Undefined where there is no key, or one that cannot sign. Any value may be given. */
export async function heldIn(value: unknown): Promise<Held | undefined> {
  const read = await readIdentity(value);
  if (!read.ok) return undefined;
  const { sealed } = value as { readonly sealed?: unknown };
  const isSealed = typeof sealed === 'string' && readKeyFile(sealed).ok;
  return { identity: read.value, sealed: isSealed ? sealed : undefined };
}

/** By slot. */
export async function heldKeys(store: KeyMoveStore): Promise<ReadonlyMap<number, Held>> {
  const held = new Map<number, Held>();
  for (const [slot, value] of await store.keys()) {
    const one = await heldIn(value);
    if (one !== undefined) held.set(slot, one);
  }
  return held;
}

/** Any value may be given. */
export function readAway(value: unknown): Away | undefined {
  const read = v.safeParse(awayEntry, value, { abortEarly: true });
  return read.success ? read.output : undefined;
}

/** All that a key signed here, the run opened last at the end. Throws where one cannot be read: elsewhere it would sign again. */
export async function signedBy(store: KeyMoveStore, id: PeerId): Promise<SignedByRun> {
  const logs = [...(await store.signed(id))].sort(([, a], [, b]) => openedOf(a) - openedOf(b));
  return logs.slice(-maxKeyFileRuns).map(([run, value]) => {
    const read = readSignedRounds(value);
    if (!read.ok) throw unreadableLog();
    return [run, read.value] as const;
  });
}

/** Logs to write: of each run in the file the later of its and ours. One of ours that cannot be read stays, and signs nothing. */
export async function mergedLogs(
  store: KeyMoveStore,
  id: PeerId,
  signed: SignedByRun,
): Promise<ReadonlyMap<RunId, unknown>> {
  const ours = await store.signed(id);
  let opened = Math.max(0, ...[...ours.values()].map(openedOf));
  const logs = new Map<RunId, unknown>();
  for (const [run, rounds] of signed) {
    const own = ours.get(run);
    const read = own === undefined ? undefined : readSignedRounds(own);
    if (read?.ok === false) continue;
    logs.set(run, { ...(read === undefined ? rounds : laterOf(rounds, read.value)), opened: ++opened });
  }
  return logs;
}
