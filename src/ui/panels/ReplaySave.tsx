import { useId, useState } from 'react';
import type { Recorder } from '../../replay/recorder.ts';
import { saveFile } from '../charts/save-file.ts';
import { formatBytes } from '../format.ts';
import { text } from '../text.ts';

const words = text.replay;

/** Saves what this tab saw of the run. `rounds`: how many that are. */
export function ReplaySave(props: {
  readonly recorder: Recorder;
  readonly rounds: number;
  readonly room: string;
}) {
  const { recorder, rounds, room } = props;
  const [said, say] = useState('');
  const heading = useId();
  const save = async (): Promise<void> => {
    const day = new Date().toISOString().slice(0, 10);
    const recording = recorder.recording(room, day);
    if (recording === undefined) return;
    try {
      const { writeRecording } = await import('../../replay/recording-file.ts');
      const file = new Blob([writeRecording(recording)], { type: 'application/json' });
      const name = words.fileName(room, day);
      saveFile(name, file);
      say(words.saved(name, formatBytes(file.size)));
    } catch {
      say(words.notSaved);
    }
  };
  return (
    <section aria-labelledby={heading}>
      <h3 id={heading}>{words.save}</h3>
      <p className="note">{words.saveNote}</p>
      <p data-testid="recorded">{rounds === 0 ? words.nothing : words.rounds(text.counts.rounds(rounds))}</p>
      {rounds > 0 && (
        <div className="actions">
          <button type="button" className="quiet" data-testid="save-recording" onClick={() => void save()}>
            {words.saveButton}
          </button>
        </div>
      )}
      <p role="status" className="note">
        {said}
      </p>
    </section>
  );
}
