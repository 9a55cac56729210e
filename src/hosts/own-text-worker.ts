// Makes a run's text, or the weights it starts from, of files and keeps them, away from the page's thread.
import type { Bytes } from '../base/bytes.ts';
import { describeError, StarlingError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { cutOwnText, manifestBlob } from '../data/own-text.ts';
import type { FromTextWorker, ToTextWorker } from './own-text-desk.ts';
import { startOfModel, twiceNamed } from './own-text-model.ts';
import { browserTextShelf } from './own-text-store.ts';

const say = (message: FromTextWorker): void => {
  postMessage(message);
};

async function bytesOf(file: File): Promise<Bytes> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (cause) {
    const fix = 'Choose the files again; a folder that is synchronized may not hold them yet.';
    throw new StarlingError('file-unreadable', `${file.name} could not be read.`, fix, { cause });
  }
}

async function keep(collection: Digest, blobs: ReadonlyMap<Digest, Bytes>): Promise<void> {
  try {
    await browserTextShelf.put(collection, blobs);
  } catch (cause) {
    throw new StarlingError(
      'text-not-kept',
      `This browser did not keep the files: ${describeError(cause)}.`,
      'Leave private browsing or make room on the disk, then choose the files again.',
      { cause },
    );
  }
}

async function cutText(files: readonly File[]): Promise<void> {
  const read = [];
  for (const file of files) read.push({ name: file.name, bytes: await bytesOf(file) });
  const outcome = await cutOwnText(read, (progress) => say({ kind: 'progress', progress }));
  if (!outcome.ok) {
    say({ kind: 'problem', problem: outcome.problem });
    return;
  }
  const { id, manifest, shards } = outcome.value;
  const { trainBytes, validationBytes } = manifest.totals;
  say({ kind: 'progress', progress: { step: 'keep', done: 0, total: trainBytes + validationBytes } });
  const blobs = new Map(shards.map(({ entry, bytes }) => [entry.digest, bytes]));
  await keep(id, blobs.set(id, manifestBlob(outcome.value)));
  say({ kind: 'cut', text: { corpus: id, files: files.length, trainBytes, validationBytes } });
}

async function readModel(files: readonly File[]): Promise<void> {
  const read = new Map<string, Bytes>();
  const problem = twiceNamed(files.map(({ name }) => name));
  if (problem !== undefined) {
    say({ kind: 'refused', reason: problem });
    return;
  }
  for (const file of files) read.set(file.name, await bytesOf(file));
  const outcome = await startOfModel(read);
  if (!outcome.ok) {
    say({ kind: 'refused', reason: outcome.reason });
    return;
  }
  const { model, blobs } = outcome.value;
  await keep(model.start.root, blobs);
  say({ kind: 'model', model });
}

addEventListener('message', ({ data }: MessageEvent<ToTextWorker>) => {
  const work = data.as === 'text' ? cutText(data.files) : readModel(data.files);
  work.catch((thrown: unknown) => {
    const { code, message, fix } =
      thrown instanceof StarlingError
        ? thrown
        : { code: 'files-unread', message: describeError(thrown), fix: 'Reload the page and try again.' };
    say({ kind: 'failed', code, message, fix });
  });
});
