import type { Bytes } from '../base/bytes.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';

const blockBytes = 512;
/** A folder with a model has a handful of files. */
const mostFiles = 1_000;

/**
 * The plain files of a tar archive (POSIX ustar, GNU or pax) by their names without folders; contents are views of it. Links, folders
 * and longer names of GNU and pax are passed over: what a model needs has short names. Any bytes may be given.
 */
export function readTar(archive: Bytes): Decoded<ReadonlyMap<string, Bytes>> {
  const files = new Map<string, Bytes>();
  let at = 0;
  for (let entries = 0; at + blockBytes <= archive.length; entries++) {
    const header = archive.subarray(at, at + blockBytes);
    if (header.every((byte) => byte === 0)) return accepted(files);
    if (entries === mostFiles) return refused('too many files');
    if (octalOf(header, 148, 8) !== checksumOf(header)) return refused('not a tar archive');
    const size = octalOf(header, 124, 12);
    if (size === undefined) return refused('a file of no known size');
    at += blockBytes;
    if (size > archive.length - at) return refused('a file ends outside the archive');
    const type = header[156] ?? 0;
    const name = baseName(textOf(header, 0, 100));
    if ((type === 0 || type === 0x30) && name !== '') {
      if (files.has(name)) return refused('two files of one name');
      files.set(name, archive.subarray(at, at + size));
    }
    at += Math.ceil(size / blockBytes) * blockBytes;
  }
  // Two empty blocks end an archive; many tools do without.
  return files.size > 0 && at >= archive.length ? accepted(files) : refused('not a tar archive');
}

/** The sum of the header's bytes, its own field counted as spaces. */
function checksumOf(header: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < blockBytes; i++) sum += i >= 148 && i < 156 ? 0x20 : (header[i] ?? 0);
  return sum;
}

/** A number in octal digits, among spaces and up to a zero byte; undefined for anything else. */
function octalOf(header: Uint8Array, from: number, length: number): number | undefined {
  const digits = textOf(header, from, length).trim();
  return /^[0-7]{1,11}$/.test(digits) ? parseInt(digits, 8) : undefined;
}

/** Bytes up to the first zero, one character each. */
function textOf(header: Uint8Array, from: number, length: number): string {
  let text = '';
  for (let i = from; i < from + length && header[i] !== 0; i++) text += String.fromCharCode(header[i] ?? 0);
  return text;
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
