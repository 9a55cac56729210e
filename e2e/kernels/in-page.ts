// What the page of a test file does: runs it with vitest's own runner and tells the server of every test.
import { startTests, type Task, type Test, type VitestRunner } from '@vitest/runner';
import type { PageSays, TestOutcome } from './types.ts';

// As vite.config.ts has them for the gpu project.
const testTimeout = 240_000;
const hookTimeout = 60_000;

/** Says it after everything said before. */
let said: Promise<unknown> = Promise.resolve();
const say = (message: PageSays): void => {
  said = said.then(() => fetch('/said', { method: 'POST', body: JSON.stringify(message) }));
};

const asked = new URL(location.href).searchParams;
const file = asked.get('file') ?? '';
const named = asked.get('named');

const nameOf = (task: Task): string =>
  task.suite === undefined || task.suite.name === '' ? task.name : `${nameOf(task.suite)} > ${task.name}`;

const errorsOf = ({ result }: Task): TestOutcome['errors'] =>
  (result?.errors ?? []).map(({ message, diff, stack }) => ({
    message: diff === undefined ? message : `${message}\n${diff}`,
    stack: stack ?? '',
  }));

function outcomeOf(test: Test): TestOutcome {
  const state = test.result?.state;
  return {
    name: nameOf(test),
    state: state === 'pass' ? 'passed' : state === 'fail' ? 'failed' : 'skipped',
    ms: test.result?.duration ?? 0,
    errors: errorsOf(test),
  };
}

const skippedBefore = new Set<string>();
const runner: VitestRunner = {
  config: {
    root: '/',
    setupFiles: [],
    name: undefined,
    passWithNoTests: false,
    testNamePattern: named === null ? undefined : new RegExp(named),
    allowOnly: false,
    sequence: { seed: 1, hooks: 'stack', setupFiles: 'list' },
    chaiConfig: undefined,
    maxConcurrency: 1,
    testTimeout,
    hookTimeout,
    retry: 0,
    includeTaskLocation: false,
    tags: [],
    tagsFilter: undefined,
    strictTags: false,
  },
  importFile: (path) => import(/* @vite-ignore */ path.replace(/\.ts$/, '.js')),
  onBeforeRunTask: (test) => {
    say({ kind: 'starts', name: nameOf(test) });
  },
  onAfterRunTask: (test) => {
    skippedBefore.add(test.id);
    say({ kind: 'ran', outcome: outcomeOf(test) });
  },
};

function* testsIn(task: Task): Generator<Test> {
  if (task.type === 'test') yield task;
  else for (const inner of task.tasks) yield* testsIn(inner);
}

function* suitesIn(task: Task): Generator<Task> {
  if (task.type === 'test') return;
  yield task;
  for (const inner of task.tasks) yield* suitesIn(inner);
}

const outside: { message: string; stack: string }[] = [];
const note = (reason: unknown): void => {
  outside.push(
    reason instanceof Error
      ? { message: String(reason), stack: reason.stack ?? '' }
      : { message: String(reason), stack: '' },
  );
};
addEventListener('error', ({ error, message }) => {
  note(error ?? message);
});
addEventListener('unhandledrejection', ({ reason }) => {
  note(reason);
});

try {
  for (const ran of await startTests([`/${file}`], runner)) {
    for (const test of testsIn(ran))
      if (!skippedBefore.has(test.id)) say({ kind: 'ran', outcome: outcomeOf(test) });
    for (const suite of suitesIn(ran)) outside.push(...errorsOf(suite));
  }
} catch (thrown) {
  note(thrown);
}
say({ kind: 'ended', errors: outside });
