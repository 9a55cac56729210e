import type { CutText, TextDesk } from '../../volunteer/text-choice.ts';
import { cutLine, problemWords, progressLine } from '../own-text.ts';
import { text } from '../text.ts';
import { FilesChoice } from './TextChoiceFiles.tsx';

const accept = 'text/*,.txt,.md,.csv,.json,.html,.xml,.tex';

/** Which text a new run learns from: the server's, or files of whoever starts it. `chosen` undefined: the server's. */
export function TextChoice(props: {
  readonly desk: TextDesk;
  readonly chosen: CutText | undefined;
  readonly choose: (chosen: CutText | undefined) => void;
  /** Whether a text is wanted that is not there yet, so that nothing is started without it. */
  readonly busy: (isBusy: boolean) => void;
}) {
  const { desk, ...choice } = props;
  return (
    <FilesChoice
      {...choice}
      words={text.ownText}
      accept={accept}
      testId="text-choice"
      make={async (files, tell) => {
        const outcome = await desk.cut(files, (progress) => tell(progressLine(progress)));
        return outcome.ok ? outcome : { ok: false, problem: problemWords(outcome.problem) };
      }}
      ready={(chosen) => [cutLine(chosen)]}
    />
  );
}
