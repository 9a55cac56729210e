import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { concatBytes, utf8, type Bytes } from '../base/bytes.ts';
import { tarParts } from './tar.ts';

it('is unpacked by tar, with the bytes and times it was given, whatever their length', () => {
  const folder = mkdtempSync(join(tmpdir(), 'starling-tar-'));
  const files: [string, Bytes[]][] = [
    ['empty', []],
    ['README.md', [utf8('in two '), utf8('parts\n')]],
    ['exact.bin', [new Uint8Array(1024).fill(7)]],
    ['odd.bin', [new Uint8Array(1025).fill(9)]],
  ];
  const archive = concatBytes(
    ...tarParts(
      files.map(([name, parts]) => ({ name, parts })),
      1_700_000_000.9,
    ),
  );
  expect(archive.length % 512).toBe(0);
  writeFileSync(join(folder, 'all.tar'), archive);
  execFileSync('tar', ['-xf', 'all.tar'], { cwd: folder });
  for (const [name, parts] of files) {
    expect(readFileSync(join(folder, name)).equals(concatBytes(...parts)), name).toBe(true);
    expect(statSync(join(folder, name)).mtimeMs).toBe(1_700_000_000_000);
  }
  rmSync(folder, { recursive: true });
});

it('takes no name that would leave its folder or not fit', () => {
  for (const name of ['', 'a name', 'ö', 'x'.repeat(101)])
    expect(() => tarParts([{ name, parts: [] }], 0)).toThrow();
});
