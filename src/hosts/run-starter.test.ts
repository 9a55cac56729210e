import { expect, test } from 'vitest';
import { StarlingError } from '../base/errors.ts';
import type { RunChoice } from '../volunteer/run-choice.ts';
import { readPageOptions } from './page-options.ts';
import { PageStarter, type StarterPage } from './run-starter.ts';

const base = new URL('https://example.org/?run=whales');
const choice: RunChoice = {
  ...{ room: 'whales', preset: 'micro', volunteers: 2, rounds: 500, k: 8, ratePercent: 100 },
  ...{ open: true, corpus: undefined },
};

function startedFrom(start: StarterPage['start']) {
  const said: string[] = [];
  const page = {
    ...{ base, options: readPageOptions(base.search), byInvitation: false, start },
    show: (address: URL) => said.push(`show ${address.search}`),
    go: (address: URL) => said.push(`go ${address.search}`),
    keepWish: () => true,
  } as unknown as StarterPage;
  return { starter: new PageStarter(page, undefined), said };
}

test('a run started here is named in the address once it has started', async () => {
  const { starter, said } = startedFrom(() => {
    said.push('start');
    return Promise.resolve();
  });
  await starter.startRun(choice);
  expect(said).toEqual(['start', expect.stringMatching(/^show \?run=whales&preset=micro/)]);
});

test('where no run starts, the address stays as it was', async () => {
  const { starter, said } = startedFrom(() =>
    Promise.reject(new StarlingError('run-exists', 'This tab trains the run of this name.', 'Leave it.')),
  );
  await expect(starter.startRun(choice)).rejects.toMatchObject({ code: 'run-exists' });
  expect(said).toEqual([]);
});

test('a run by another name has a page of its own', async () => {
  const { starter, said } = startedFrom(() => Promise.reject(new Error('not here')));
  void starter.startRun({ ...choice, room: 'seals' });
  await Promise.resolve();
  expect(said).toEqual([expect.stringMatching(/^go \?run=seals/)]);
});
