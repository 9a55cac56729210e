import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, utf8, type Bytes } from '../base/bytes.ts';
import { readTar } from './read-tar.ts';
import { tarParts } from './tar.ts';

const archiveOf = (files: Readonly<Record<string, Bytes>>): Bytes =>
  concatBytes(
    ...tarParts(
      Object.entries(files).map(([name, bytes]) => ({ name, parts: [bytes] })),
      1_700_000_000,
    ),
  );

const files = {
  'a/config.json': utf8('{}'),
  'a/empty': new Uint8Array(),
  'a/model.safetensors': new Uint8Array(1025).fill(9),
};

describe('a tar archive from outside', () => {
  it('is read as it was written, by names without folders', () => {
    const read = readTar(archiveOf(files));
    expect(read.ok && [...read.value]).toEqual([
      ['config.json', files['a/config.json']],
      ['empty', files['a/empty']],
      ['model.safetensors', files['a/model.safetensors']],
    ]);
  });

  it.each(['ustar', 'gnu', 'pax'])('is read as tar writes it in the format %s', (format) => {
    const folder = mkdtempSync(join(tmpdir(), 'starling-read-tar-'));
    mkdirSync(join(folder, 'model'));
    writeFileSync(join(folder, 'model', 'config.json'), '{"a":1}');
    writeFileSync(join(folder, 'model', 'model.safetensors'), new Uint8Array(700).fill(3));
    execFileSync('tar', [`--format=${format}`, '-cf', 'all.tar', 'model'], { cwd: folder });
    const read = readTar(new Uint8Array(readFileSync(join(folder, 'all.tar'))));
    rmSync(folder, { recursive: true });
    expect(read.ok && new TextDecoder().decode(read.value.get('config.json'))).toBe('{"a":1}');
    expect(read.ok && read.value.get('model.safetensors')).toEqual(new Uint8Array(700).fill(3));
  });

  it('is refused where it is none, is cut short, or has a name twice', () => {
    const whole = archiveOf(files);
    const reason = (bytes: Bytes): unknown => {
      const read = readTar(bytes);
      return read.ok ? 'accepted' : read.reason;
    };
    expect(reason(new Uint8Array())).toBe('not a tar archive');
    expect(reason(utf8('x'.repeat(2_000)))).toBe('not a tar archive');
    expect(reason(whole.slice(0, whole.length - 2_500))).toBe('a file ends outside the archive');
    const changed = whole.slice();
    changed[0] = (changed[0] ?? 0) ^ 1;
    expect(reason(changed)).toBe('not a tar archive');
    expect(reason(archiveOf({ 'a/x': utf8('1'), 'b/x': utf8('2') }))).toBe('two files of one name');
    // Without the empty blocks at its end it is still one.
    expect(reason(archiveOf({ x: utf8('1') }).slice(0, 1024))).toBe('accepted');
  });

  it('never throws, and gives no bytes that are not in it (seed 6)', () => {
    const whole = archiveOf(files);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(whole.length),
        (changes, length) => {
          const bytes = whole.slice(0, length);
          for (const [at, value] of changes) if (at < length) bytes[at] = value;
          const read = readTar(bytes);
          if (!read.ok) expect(read.reason).toMatch(/^[a-z ]{5,40}$/);
          else
            expect([...read.value.values()].reduce((sum, one) => sum + one.length, 0)).toBeLessThanOrEqual(
              length,
            );
        },
      ),
      { seed: 6, numRuns: 2_000 },
    );
  });
});
