import type { CutModel, CutText, TextProblem, TextProgress } from '../volunteer/text-choice.ts';
import { formatBytes } from './format.ts';
import { text } from './text.ts';

const words = text.ownText;

/** A text as it is cut: a sentence, and how far that is in [0, 1]; undefined where that is not known. */
export function progressLine({ step, done, total }: TextProgress): {
  readonly line: string;
  readonly share: number | undefined;
} {
  const share = step === 'read' && total > 0 ? Math.min(1, Math.max(0, done / total)) : undefined;
  return { line: words.steps[step], share };
}

/** What is wrong with files, and what to do about it. */
export function problemWords(problem: TextProblem): { readonly message: string; readonly fix: string } {
  switch (problem.kind) {
    case 'not-text':
      return words.notText[problem.looks](shortName(problem.file));
    case 'too-short':
      return words.tooShort(formatBytes(problem.bytes));
    case 'too-long':
      return words.tooLong(formatBytes(problem.bytes));
    case 'too-many-files':
      return words.tooMany(problem.files);
    case 'no-files':
      return words.noFiles;
  }
}

/** What came of the files. */
export const cutLine = ({ files, trainBytes, validationBytes }: CutText): string =>
  words.ready(files, formatBytes(trainBytes + validationBytes), formatBytes(validationBytes));

/** What came of a folder with a model. */
export const modelLines = ({ preset, start, notes }: CutModel): readonly string[] => [
  text.startFrom.ready(preset, formatBytes(start.bytes)),
  ...notes,
];

/** A file's name as it fits into a sentence: its beginning and its end. */
const shortName = (name: string): string =>
  name.length <= 40 ? name : `${name.slice(0, 24)}…${name.slice(-12)}`;
