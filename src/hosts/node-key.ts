import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { describeError, StarlingError } from '../base/errors.ts';
import type { RunId } from '../base/ids.ts';
import { createIdentity, identityFromKeys, type Identity } from '../swarm/identity.ts';
import {
  createSigningLog,
  memorySigningLog,
  nothingSigned,
  readSignedRounds,
  type SigningLog,
} from '../swarm/signing-log.ts';

const algorithm = 'Ed25519';

/** A process's key, and what it signed as durable as the key itself. */
export interface NodeKey {
  readonly identity: Identity;
  /** Rejects with StarlingError `key-file` where it cannot be known what was signed in this run. */
  openSigningLog(run: RunId): Promise<SigningLog>;
  /** Lets another process have the key. */
  release(): void;
}

async function readKeys(text: string): Promise<CryptoKeyPair> {
  const { kty, crv, x, d } = JSON.parse(text) as Record<'kty' | 'crv' | 'x' | 'd', unknown>;
  if (kty !== 'OKP' || typeof crv !== 'string' || typeof d !== 'string' || typeof x !== 'string')
    throw new Error('it holds no private key');
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey('jwk', { kty, crv, x, d }, algorithm, false, ['sign']),
    crypto.subtle.importKey('jwk', { kty, crv, x }, algorithm, true, ['verify']),
  ]);
  return { privateKey, publicKey };
}

async function makeFile(file: string): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const text = `${JSON.stringify(await crypto.subtle.exportKey('jwk', privateKey))}\n`;
  // Never over an existing file, and for its owner's eyes only.
  await writeFile(file, text, { flag: 'wx', mode: 0o600, flush: true });
  return text;
}

const codeOf = (thrown: unknown): unknown => (thrown as { code?: unknown }).code;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return codeOf(thrown) === 'EPERM';
  }
};

/** Two processes with one key would look like one liar, so the file beside it names the one that has it. */
function takeLock(lock: string): void {
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(lock, `${process.pid}\n`, { flag: 'wx' });
      return;
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST' || attempt > 0) throw thrown;
      const holder = Number(readFileSync(lock, 'utf8'));
      if (Number.isSafeInteger(holder) && holder > 0 && isAlive(holder))
        throw new Error(`process ${holder} trains with it`, { cause: thrown });
      rmSync(lock, { force: true });
    }
  }
}

/** One small file a run, replaced whole at each claim and flushed to the disk before the signature leaves. */
async function openLog(file: string): Promise<SigningLog> {
  const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  });
  const read = text === undefined ? undefined : readSignedRounds(JSON.parse(text));
  if (read?.ok === false) throw new Error(`what it signed is damaged (${read.reason})`);
  let last: Promise<void> = Promise.resolve();
  return createSigningLog(read?.value ?? nothingSigned, (signed) => {
    last = last.then(async () => {
      await writeFile(`${file}.new`, JSON.stringify(signed), { flush: true });
      await rename(`${file}.new`, file);
    });
    last.catch(() => undefined); // each claim is told of its own
    return last.catch((thrown: unknown) => {
      throw keyFileError(file, thrown);
    });
  });
}

const keyFileError = (file: string, cause: unknown): StarlingError =>
  new StarlingError(
    'key-file',
    `The key file ${file} cannot be used: ${describeError(cause)}.`,
    'Name another file with --key: a new key is made where there is none.',
    { cause },
  );

/**
 * The key kept in `file` (a JSON Web Key, RFC 8037), which is made where there is none, held by this process alone; a new one,
 * in memory only, for undefined. What it signs in a run is kept beside it in `<file>.<run>.signed`. Throws StarlingError
 * `key-file`.
 */
export async function openNodeKey(file: string | undefined): Promise<NodeKey> {
  if (file === undefined) {
    const identity = await createIdentity();
    return { identity, openSigningLog: () => Promise.resolve(memorySigningLog()), release: () => undefined };
  }
  const lock = `${file}.lock`;
  let locked = false;
  try {
    takeLock(lock);
    locked = true;
    const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
      if (codeOf(thrown) === 'ENOENT') return makeFile(file);
      throw thrown;
    });
    return {
      identity: await identityFromKeys(await readKeys(text)),
      openSigningLog: (run) =>
        openLog(`${file}.${run.slice(0, 16)}.signed`).catch((thrown: unknown) => {
          throw keyFileError(file, thrown);
        }),
      release() {
        rmSync(lock, { force: true });
      },
    };
  } catch (cause) {
    if (locked) rmSync(lock, { force: true });
    throw keyFileError(file, cause);
  }
}
