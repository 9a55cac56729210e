import { utf8, type Bytes } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';

const blockBytes = 512;

/** A file of an archive: its content in parts that need not be joined. */
export interface TarFile {
  readonly name: string;
  readonly parts: readonly Bytes[];
}

/**
 * A tar archive (POSIX ustar) as parts, so that the content of large files is not copied. Names are ASCII, at most 100
 * characters; files at most 8 GiB. `seconds` since 1970 is when they say they were changed.
 */
export function tarParts(files: readonly TarFile[], seconds: number): readonly Bytes[] {
  const parts = files.flatMap(({ name, parts: content }) => {
    const size = content.reduce((sum, { length }) => sum + length, 0);
    const padding = new Uint8Array((blockBytes - (size % blockBytes)) % blockBytes);
    return [header(name, size, seconds), ...content, padding];
  });
  return [...parts, new Uint8Array(2 * blockBytes)];
}

function header(name: string, size: number, seconds: number): Bytes {
  invariant(/^[\x21-\x7e]{1,100}$/.test(name), 'a short name of plain characters');
  invariant(size < 8 ** 11 && seconds >= 0 && seconds < 8 ** 11, 'a size and a time of eleven octal digits');
  const block = new Uint8Array(blockBytes);
  const put = (at: number, text: string): void => {
    block.set(utf8(text), at);
  };
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
  put(0, name);
  put(100, `${octal(0o644, 7)}\0`);
  put(108, `${octal(0, 7)}\0`); // owner
  put(116, `${octal(0, 7)}\0`); // group
  put(124, `${octal(size, 11)}\0`);
  put(136, `${octal(Math.floor(seconds), 11)}\0`);
  put(148, ' '.repeat(8)); // the checksum counts itself as spaces
  put(156, '0'); // a file
  put(257, 'ustar\0' + '00');
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${octal(sum, 6)}\0 `);
  return block;
}
