import type { Bytes } from '../base/bytes.ts';

const newline = 0x0a;
const space = 0x20;

/**
 * Cuts a text (UTF-8, lines ended by LF) into sections of at most `longest` bytes: where a paragraph ends if one does in the
 * second half of that, else where a line or a word ends, else between two characters. Empty lines around a section are left out.
 */
export function sectionsOf(text: Bytes, longest: number): readonly Bytes[] {
  const sections: Bytes[] = [];
  let from = 0;
  while (from < text.length) {
    const to = text.length - from <= longest ? text.length : cutBefore(text, from, from + longest);
    const section = trimmed(text, from, to);
    if (section.length > 0) sections.push(section);
    from = to;
  }
  return sections;
}

/** The best place to cut in (from, end]. */
function cutBefore(text: Uint8Array, from: number, end: number): number {
  const half = from + ((end - from) >> 1);
  let [line, word] = [0, 0];
  for (let at = end; at > half; at--) {
    if (text[at - 1] === newline) {
      if (text[at - 2] === newline) return at;
      line ||= at;
    }
    if (text[at - 1] === space) word ||= at;
  }
  if (line > 0) return line;
  if (word > 0) return word;
  let at = end;
  while (at > from + 1 && ((text[at] ?? 0) & 0xc0) === 0x80) at--;
  return at;
}

/** A copy without the newlines at either end. */
function trimmed(text: Bytes, from: number, to: number): Bytes {
  let [start, end] = [from, to];
  while (start < end && text[start] === newline) start++;
  while (end > start && text[end - 1] === newline) end--;
  return text.slice(start, end);
}
