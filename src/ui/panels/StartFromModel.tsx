import type { CutModel, ModelReader } from '../../volunteer/text-choice.ts';
import { modelLines } from '../own-text.ts';
import { text } from '../text.ts';
import { FilesChoice } from './TextChoiceFiles.tsx';

const words = text.startFrom;

/** What a new run starts from: what its seed gives (`chosen` undefined), or a model in a folder as Hugging Face lays it out. */
export function StartFromModel(props: {
  readonly reader: ModelReader;
  readonly chosen: CutModel | undefined;
  readonly choose: (chosen: CutModel | undefined) => void;
  /** Whether a model is wanted that is not there yet, so that nothing is started without it. */
  readonly busy: (isBusy: boolean) => void;
}) {
  const { reader, ...choice } = props;
  return (
    <FilesChoice
      {...choice}
      words={words}
      accept=".tar,.json,.safetensors"
      testId="start-from"
      make={async (files) => {
        const outcome = await reader.read(files);
        return outcome.ok ? outcome : { ok: false, problem: { message: outcome.reason, fix: words.again } };
      }}
      ready={modelLines}
    />
  );
}
