/** What one may hand in, all files together. Long texts go to every volunteer of the run, and stay in its browser. */
export const ownTextLimits = { files: 500, leastBytes: 16 << 10, mostBytes: 32 << 20 } as const;

/** Why files are no text to train on. The words for it are the page's. */
export type TextProblem =
  | { readonly kind: 'no-files' }
  | { readonly kind: 'too-many-files'; readonly files: number }
  | { readonly kind: 'too-short'; readonly bytes: number }
  | { readonly kind: 'too-long'; readonly bytes: number }
  /** `looks`: UTF-16; a document of an office program or a PDF; or just no text. */
  | { readonly kind: 'not-text'; readonly file: string; readonly looks: 'utf-16' | 'document' | 'binary' };

/** What is wrong with files of which only number and size are known yet. */
export function problemOfSizes(files: number, bytes: number): TextProblem | undefined {
  if (files === 0) return { kind: 'no-files' };
  if (files > ownTextLimits.files) return { kind: 'too-many-files', files };
  if (bytes > ownTextLimits.mostBytes) return { kind: 'too-long', bytes };
  if (bytes < ownTextLimits.leastBytes) return { kind: 'too-short', bytes };
  return undefined;
}
