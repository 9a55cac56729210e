import architecture from '../../docs/architecture.md?raw';
import glossary from '../../docs/glossary.md?raw';
import protocol from '../../docs/protocol.md?raw';
import type { SeededRandom } from '../base/random.ts';

/** Our own documents: English that a page has at hand without a corpus. */
const text = new TextEncoder().encode(`${architecture}${protocol}${glossary}`);

/** `sequences` of `length` bytes from random places, each with the bytes that follow. */
export function textBatch(random: SeededRandom, sequences: number, length: number) {
  const starts = Array.from({ length: sequences }, () => random.below(text.length - length));
  const read = (shift: number): Uint32Array<ArrayBuffer> =>
    Uint32Array.from(starts.flatMap((start) => [...text.subarray(start + shift, start + shift + length)]));
  return { ids: read(0), targets: read(1) };
}
