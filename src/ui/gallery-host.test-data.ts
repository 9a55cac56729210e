import { StarlingError } from '../base/errors.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { fakeRecording } from '../replay/recordings.test-data.ts';
import type { TakenHome } from '../volunteer/export-model.ts';
import type { KeyDesk } from '../volunteer/key-desk.ts';
import type { PageHost, PageSnapshot, RunStarter } from './host.ts';

/** A host that answers at once and always the same, so that one sees what the page makes of every answer. */

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
const digest = '7c'.repeat(32) as Digest;

/** Writes a fixed text in three pieces, as a model would; a prompt of `fail` fails. */
const writeFake: PageHost['write'] = ({ prompt }, tell) => {
  const pieces = ['whale and the sea of the men ', 'that he was a shore,\n', 'and the ship of the sea'];
  const fails = prompt === 'fail';
  pieces.forEach((piece, i) => {
    tell({
      state: i < 2 ? 'writing' : fails ? 'failed' : 'done',
      text: piece,
      tokens: 25 * (i + 1),
      tokensPerSecond: 41.5,
      problem:
        i < 2 || !fails ? undefined : { message: 'The GPU was lost while it wrote.', fix: 'Write again.' },
    });
  });
  return () => undefined;
};

/** By the name of the first file: `slow` is cut for ever, a picture is refused, anything else is a text. */
const texts: RunStarter['texts'] = {
  cut: ([first], tell) => {
    const name = first?.name ?? '';
    if (name.startsWith('slow')) {
      tell({ step: 'read', done: 7_400_000, total: 12_000_000 });
      return never();
    }
    const problem = { kind: 'not-text', file: name, looks: 'binary' } as const;
    return Promise.resolve(
      name.endsWith('.png')
        ? { ok: false, problem }
        : { ok: true, value: { corpus: digest, files: 3, trainBytes: 1_180_000, validationBytes: 62_000 } },
    );
  },
};

/** A folder without weights is refused. */
const models: RunStarter['models'] = {
  read: (files) =>
    Promise.resolve(
      files.some(({ name }) => name.endsWith('.safetensors'))
        ? {
            ok: true,
            value: {
              start: { root: digest, state: '5e'.repeat(16), bytes: 656_640 },
              preset: 'nano',
              notes: ['It has numbers in bf16: what they leave out is gone.'],
            },
          }
        : { ok: false, reason: 'There is no model.safetensors among these files.' },
    ),
};

const noText = (): StarlingError =>
  new StarlingError(
    'no-text',
    'The text of this run could not be fetched.',
    'Check your connection, then start it again.',
  );

const files = (['config.json', 'tokenizer.json', 'model.safetensors', 'README.md'] as const).map((name) => ({
  name,
  blob: new Blob(['x'.repeat(name === 'model.safetensors' ? 65_664 : 700)]),
}));
const taken: TakenHome = {
  round: 41,
  files,
  archive: { name: 'starling-ab12cd34-round-41.tar', blob: new Blob(['x'.repeat(70_000)]) },
};

const away = { id: 'c0ffee99'.repeat(4) as PeerId, name: 'My old laptop', atMs: Date.UTC(2026, 9, 4, 12) };

/** A key that was not made to move, and one that left; whatever file is brought is damaged. */
const keys: KeyDesk = {
  look: () =>
    Promise.resolve({
      ...{ here: { id: 'ab12cd34'.repeat(4) as PeerId, name: undefined, canMove: false }, away: [away] },
    }),
  makeMovable: () =>
    Promise.resolve({
      ...{ here: { id: '5e6f7a80'.repeat(4) as PeerId, name: undefined, canMove: true }, away: [away] },
    }),
  takeAway: never,
  again: never,
  forgetCopy: never,
  bringIn: () =>
    Promise.reject(
      new StarlingError(
        'key-file',
        'This file holds no key of Starling.',
        'Choose the file that was saved when the key was taken away.',
      ),
    ),
};

/** What a page does with its host, by the state that it shows. */
export const fakeHost = (first: PageSnapshot, subscribe: PageHost['subscribe']): PageHost => ({
  subscribe,
  join: () =>
    first.comfort?.pausedBy === undefined
      ? never()
      : Promise.reject(
          new StarlingError(
            'saves-data',
            'Paused: this connection is metered.',
            'Choose “Run anyway”, then join.',
          ),
        ),
  pause: () => undefined,
  resume: () => undefined,
  leave: never,
  setGpuShare: () => undefined,
  setComfort: () => undefined,
  setName: () => undefined,
  runAnyway: () => undefined,
  write: writeFake,
  takeHome: (dtype) =>
    dtype === 'F32'
      ? Promise.resolve(taken)
      : Promise.reject(
          new StarlingError(
            'model-moving',
            'The model changed faster than it could be read.',
            'Pause, then take it home.',
          ),
        ),
  keys,
  recording: () => Promise.resolve(fakeRecording(120)),
  starter: {
    ...{ texts, models, wished: undefined },
    startRun: ({ room }) => (room === 'taken' ? Promise.reject(noText()) : never()),
    measureGpu: () => Promise.resolve(),
    forget: () => Promise.resolve(),
  },
});
