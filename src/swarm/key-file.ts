import * as v from 'valibot';
import { fromBase64url, toBase64url } from '../base/base64url.ts';
import { utf8, type Bytes } from '../base/bytes.ts';
import { readName } from '../base/friendly-name.ts';
import { isRunId, type RunId } from '../base/ids.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import { publicKeyBytes, type KeyMaterial } from './identity.ts';
import type { SignedRounds } from './signing-log.ts';

/**
 * A key as the text of a file: JSON around a box that only a password opens (PBKDF2-SHA-256, AES-256-GCM). What stands outside
 * of the box is authenticated with it. The same text is what a browser keeps beside a key that can move (ADR 0016).
 */
const format = 'starling-key';
const version = 1;

/** Of PBKDF2, for a new file. */
const iterations = 600_000;
/** What a file may ask of whoever opens it: some seconds. */
const mostIterations = 5_000_000;
const saltBytes = 16;
const ivBytes = 12;
/** Characters of a file; those of 64 runs are a quarter of it. */
export const maxKeyFileCharacters = 64 << 10;
/** Runs whose log a file may hold; a browser keeps 32. */
export const maxKeyFileRuns = 64;

/** Of a password; what is typed beyond them does not count. */
const maxPasswordCharacters = 1_024;

/** What one key signed, by run; the run that was opened last comes last. */
export type SignedByRun = readonly (readonly [RunId, SignedRounds])[];

/** What moves. */
export interface KeyContents extends KeyMaterial {
  /** The chosen name; undefined: none was chosen. */
  readonly name: string | undefined;
  /** How often the key was taken away from a browser, this time included. */
  readonly moves: number;
  readonly signed: SignedByRun;
}

/** A file as far as it can be read without its password. */
export interface KeyFile {
  readonly iterations: number;
  readonly salt: Bytes;
  readonly iv: Bytes;
  readonly box: Bytes;
}

const bytesOf = (low: number, high: number) =>
  v.pipe(
    v.string(),
    v.maxLength(Math.ceil((high * 4) / 3)),
    v.rawTransform<string, Bytes>(({ dataset, addIssue, NEVER }) => {
      const bytes = fromBase64url(dataset.value);
      if (bytes !== undefined && bytes.length >= low && bytes.length <= high) return bytes;
      addIssue();
      return NEVER;
    }),
  );

const head = v.object({ format: v.literal(format), version: v.pipe(v.number(), v.safeInteger()) });

const file = v.strictObject({
  format: v.literal(format),
  version: v.literal(version),
  iterations: v.pipe(v.number(), v.integer(), v.minValue(iterations), v.maxValue(mostIterations)),
  salt: bytesOf(saltBytes, saltBytes),
  iv: bytesOf(ivBytes, ivBytes),
  box: bytesOf(16, (maxKeyFileCharacters * 3) / 4),
});

/** The outside of a file, checked. Any text may be given. */
export function readKeyFile(text: string): Decoded<KeyFile> {
  if (text.length > maxKeyFileCharacters) return refused('key file too long');
  const value = parsed(text);
  if (value === undefined) return refused('key file is not JSON');
  const said = v.safeParse(head, value, { abortEarly: true });
  if (!said.success) return refused('no key file');
  if (said.output.version > version) return refused('key file of a newer page');
  const read = v.safeParse(file, value, { abortEarly: true });
  if (!read.success) return refused('key file damaged');
  const { iterations: count, salt, iv, box } = read.output;
  return accepted({ iterations: count, salt, iv, box });
}

export const writeKeyFile = (of: KeyFile): string =>
  JSON.stringify({
    ...{ format, version, iterations: of.iterations },
    ...{ salt: toBase64url(of.salt), iv: toBase64url(of.iv), box: toBase64url(of.box) },
  });

const round = v.pipe(v.number(), v.safeInteger(), v.minValue(-1));

const contents = v.strictObject({
  pkcs8: bytesOf(16, 128),
  publicKey: bytesOf(publicKeyBytes, publicKeyBytes),
  name: v.nullable(v.custom<string>((value) => readName(value) !== undefined)),
  moves: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e6)),
  signed: v.pipe(
    v.custom<unknown[]>((value) => Array.isArray(value) && value.length <= maxKeyFileRuns),
    v.array(v.strictTuple([v.custom<RunId>(isRunId), round, round, round, round])),
  ),
});

/** What was in a box, checked. Any text may be given: whoever knows a password can write a file. */
export function readKeyContents(text: string): Decoded<KeyContents> {
  const value = parsed(text);
  if (value === undefined) return refused('key contents are not JSON');
  const read = v.safeParse(contents, value, { abortEarly: true });
  if (!read.success) return refused('key file damaged');
  const { signed: rows, name, ...rest } = read.output;
  if (new Set(rows.map(([run]) => run)).size < rows.length) return refused('key file damaged');
  const signed = rows.map(
    ([run, contribution, confirm, record, lock]) => [run, { contribution, confirm, record, lock }] as const,
  );
  return accepted({ ...rest, name: name ?? undefined, signed });
}

export const writeKeyContents = ({ pkcs8, publicKey, name, moves, signed }: KeyContents): string =>
  JSON.stringify({
    ...{ pkcs8: toBase64url(pkcs8), publicKey: toBase64url(publicKey), name: name ?? null, moves },
    signed: signed.map(([run, at]) => [run, at.contribution, at.confirm, at.record, at.lock]),
  });

/** The text of a file that this password opens. */
export async function sealKeyFile(what: KeyContents, password: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(saltBytes));
  const iv = crypto.getRandomValues(new Uint8Array(ivBytes));
  const key = await keyOf(password, salt, iterations);
  const plain = utf8(writeKeyContents(what));
  const box = await crypto.subtle.encrypt(sealing(iv, salt, iterations), key, plain);
  plain.fill(0);
  return writeKeyFile({ iterations, salt, iv, box: new Uint8Array(box) });
}

/**
 * What is in a file. Refused with one of the reasons of `readKeyFile`, or as `wrong password or damaged`: those two cannot be told
 * apart. Takes some tenths of a second. Any text may be given; never throws.
 */
export async function openKeyFile(text: string, password: string): Promise<Decoded<KeyContents>> {
  const read = readKeyFile(text);
  if (!read.ok) return read;
  const { salt, iv, box } = read.value;
  let plain: Bytes;
  try {
    const key = await keyOf(password, salt, read.value.iterations);
    const parameters = sealing(iv, salt, read.value.iterations);
    plain = new Uint8Array(await crypto.subtle.decrypt(parameters, key, box));
  } catch {
    return refused('wrong password or damaged');
  }
  const opened = readKeyContents(new TextDecoder().decode(plain));
  plain.fill(0);
  return opened;
}

/** Keyboards write the same letters in more than one way. */
const keyOf = async (password: string, salt: Bytes, count: number): Promise<CryptoKey> => {
  const typed = utf8(password.slice(0, maxPasswordCharacters).normalize('NFKC'));
  const root = await crypto.subtle.importKey('raw', typed, 'PBKDF2', false, ['deriveKey']);
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: count };
  const what = { name: 'AES-GCM', length: 256 };
  return crypto.subtle.deriveKey(how, root, what, false, ['encrypt', 'decrypt']);
};

const sealing = (iv: Bytes, salt: Bytes, count: number) => ({
  name: 'AES-GCM',
  iv,
  additionalData: utf8(`${format} ${version}\n${count}\n${toBase64url(salt)}`),
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
