import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { StarlingError } from '../src/base/errors.ts';

/** A certificate chain and its private key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const day = 86_400_000;
/** As long as browsers accept at all for a server certificate that a person trusted by hand. */
const validForMs = 825 * day;
/** A kept certificate closer to its end than this is made anew. */
const renewBeforeMs = 30 * day;

/** The names people may open this machine by: localhost, its host name, its addresses on the local network. */
export function ownHosts(): readonly string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    // Link-local IPv6 needs a zone and cannot stand in a URL.
    .filter((entry) => !entry.internal && !entry.address.toLowerCase().startsWith('fe80'))
    .map((entry) => entry.address);
  return [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...addresses])];
}

/** The certificate of a PEM text. Throws when that is none, or `key` is not its private key. */
function parse({ cert, key }: Certificate): X509Certificate {
  const certificate = new X509Certificate(cert);
  if (!certificate.checkPrivateKey(createPrivateKey(key)))
    throw new Error('the key does not belong to the certificate');
  return certificate;
}

/**
 * The operator's own certificate. Throws `certificate-unreadable` when a file is missing or is not what it should be, or the
 * two do not belong together.
 */
export async function readCertificate(certFile: string, keyFile: string): Promise<Certificate> {
  try {
    const certificate = { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
    parse(certificate);
    return certificate;
  } catch (cause) {
    throw new StarlingError(
      'certificate-unreadable',
      `The TLS certificate ${certFile} with the key ${keyFile} cannot be used.`,
      'Let TLS_CERT and TLS_KEY name the PEM files of a certificate and its key, without a passphrase, or unset both to have a certificate generated.',
      { cause },
    );
  }
}

const covers = (certificate: X509Certificate, host: string): boolean =>
  (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;

function usable(pair: Certificate, hosts: readonly string[], now: Date): boolean {
  const certificate = parse(pair);
  return (
    Date.parse(certificate.validTo) - now.getTime() > renewBeforeMs &&
    Date.parse(certificate.validFrom) <= now.getTime() &&
    hosts.every((host) => covers(certificate, host))
  );
}

async function kept(
  certFile: string,
  keyFile: string,
  hosts: readonly string[],
  now: Date,
): Promise<Certificate | undefined> {
  try {
    const pair = { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
    // Two servers that started at once can have left the key of one beside the certificate of the other.
    return usable(pair, hosts, now) ? pair : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all, and never readable by others, even when two servers start at once. */
async function writePrivately(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, text, { mode: 0o600 });
  await rename(unfinished, path);
}

/**
 * The self-signed certificate kept in `folder`, or a new one (ECDSA P-256) for `hosts`, kept there with mode 600. It is made
 * anew when it is near its end or does not cover a host, and a person then has to trust the new one.
 */
export async function keptCertificate(
  folder: string,
  hosts: readonly string[],
  now: Date,
): Promise<Certificate & { readonly generated: boolean }> {
  const certFile = join(folder, 'certificate.pem');
  const keyFile = join(folder, 'certificate-key.pem');
  const before = await kept(certFile, keyFile, hosts, now);
  if (before !== undefined) return { ...before, generated: false };
  const made = await generate([{ name: 'commonName', value: 'Starling on this machine' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now.getTime() - day),
    notAfterDate: new Date(now.getTime() + validForMs - day),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: hosts.map((host) =>
          isIP(host) === 0 ? { type: 2 as const, value: host } : { type: 7 as const, ip: host },
        ),
      },
    ],
  });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  await writePrivately(keyFile, made.private);
  await writePrivately(certFile, made.cert);
  return { cert: made.cert, key: made.private, generated: true };
}
