import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, fromHex, type Bytes } from '../base/bytes.ts';
import { sha256 as webSha256 } from '../base/digest.ts';
import { hashPiece, hashPieces, merkleRoot, pieceCount, pieceOf } from './merkle.ts';
import { limits } from './protocol.ts';

const sha256 = (bytes: Bytes): Bytes => new Uint8Array(createHash('sha256').update(bytes).digest());
const noPromise = <T>(value: T | Promise<T>): T => {
  if (value instanceof Promise) throw new Error('a promise with a synchronous hash');
  return value;
};

test('roots are those of the Certificate Transparency test vectors', () => {
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'];
  inputs.push('606162636465666768696a6b6c6d6e6f');
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  const leaves = inputs.map((hex) => noPromise(hashPiece(fromHex(hex) ?? new Uint8Array(1), sha256)));
  for (const [i, root] of roots.entries())
    expect(noPromise(merkleRoot(leaves.slice(0, i + 1), sha256))).toBe(root);
});

test('pieces are 256 KiB, the last one shorter', () => {
  for (const [length, lengths] of [
    [1, [1]],
    [limits.pieceBytes, [limits.pieceBytes]],
    [limits.pieceBytes + 1, [limits.pieceBytes, 1]],
  ] as const) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) & 255);
    const pieces = Array.from({ length: pieceCount(length) }, (_, i) => pieceOf(bytes, i));
    expect(pieces.map((piece) => piece.length)).toEqual(lengths);
    expect(noPromise(hashPieces(bytes, sha256))).toEqual(
      pieces.map((piece) => sha256(concatBytes(new Uint8Array(1), piece))),
    );
  }
});

test('the same with a hash that answers later', async () => {
  const bytes = Uint8Array.from({ length: 2 * limits.pieceBytes + 7 }, (_, i) => (i * 13) & 255);
  const leaves = await hashPieces(bytes, webSha256);
  expect(leaves).toEqual(hashPieces(bytes, sha256));
  expect(await merkleRoot(leaves, webSha256)).toBe(merkleRoot(leaves, sha256));
});

test('other leaves, another order or another number of them have another root', () => {
  const leaf = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => new Uint8Array(bytes));
  const leaves = fc.array(leaf, { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(leaves, leaves, (a, b) => {
      const same = Buffer.compare(concatBytes(...a), concatBytes(...b)) === 0;
      expect(merkleRoot(a, sha256) === merkleRoot(b, sha256)).toBe(same);
      expect(merkleRoot([...a, ...a.slice(-1)], sha256)).not.toBe(merkleRoot(a, sha256));
      if (a.length < 3) return;
      // An inner node offered as a leaf.
      const [x, y] = [a[0] ?? new Uint8Array(), a[1] ?? new Uint8Array()];
      const inner = concatBytes(new Uint8Array([1]), x, y);
      const posing = [noPromise(hashPiece(inner, sha256)), ...a.slice(2)];
      expect(merkleRoot(posing, sha256)).not.toBe(merkleRoot(a, sha256));
    }),
    { seed: 1 },
  );
});
