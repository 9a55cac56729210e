import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** Every StarlingError in the code of the page and the Node volunteer, as it is written. */
interface Thrown {
  readonly where: string;
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

const root = path.resolve(import.meta.dirname, '..');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
  (name) =>
    /\.tsx?$/.test(name) && !/\.test(-data)?\.tsx?$|\.d\.ts$/.test(name) && !name.startsWith('testing'),
);

function thrownIn(name: string): Thrown[] {
  const text = readFileSync(path.join(root, name), 'utf8');
  if (!text.includes('StarlingError(')) return [];
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found: Thrown[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'StarlingError') {
      const [code = '', message = '', fix = ''] = (node.arguments ?? []).map((one) => one.getText());
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push({ where: `${name}:${line + 1}`, code, message, fix });
    }
    ts.forEachChild(node, look);
  };
  look(source);
  return found;
}

const all = files.flatMap(thrownIn);
const isLiteral = (text: string): boolean => /^['"`]/.test(text);
const inner = (text: string): string => text.slice(1, -1);

test('every error has a code of its own kind, written where it is thrown', () => {
  expect(all.length).toBeGreaterThan(40);
  // One passes on the code that a worker found.
  const passedOn = all.filter(({ code }) => !isLiteral(code));
  expect(passedOn.map(({ where }) => where.split(':')[0])).toEqual(
    passedOn.map(() => 'hosts/own-text-desk.ts'),
  );
  for (const { where, code } of all)
    if (isLiteral(code)) expect(`${where} ${inner(code)}`).toMatch(/ [a-z][a-z0-9]*(-[a-z0-9]+)*$/);
});

/** Names that hold a fix which was checked where it was written, or which comes from another error. */
const carried = /^(\w+\.)*fix$|^lessMemory$|^ours$/;

test('every error says what to do, in a sentence', () => {
  for (const { where, fix } of all) {
    if (carried.test(fix)) continue;
    expect(`${where} ${fix}`).toMatch(/ ['"`]/);
    const sentence = inner(fix);
    const isUsage = where.startsWith('hosts/node-options');
    if (!isUsage) expect(`${where} ${sentence}`).toMatch(/[.)]$/);
    expect(sentence.length, where).toBeGreaterThan('Try again.'.length - 1);
  }
});

test('every error says what happened', () => {
  for (const { where, message } of all)
    if (isLiteral(message)) expect(inner(message).length, where).toBeGreaterThan(10);
});

test('the errors that people are most likely to meet name the way out', () => {
  const fixOf = (code: string): string =>
    all.find((one) => one.code === `'${code}'`)?.fix ?? `${code} is thrown nowhere`;
  expect(fixOf('no-webgpu')).toMatch(/Chrome, Edge, Firefox or Safari/);
  expect(fixOf('no-adapter')).toMatch(/hardware acceleration/);
  const problems = readFileSync(path.join(root, 'gpu/problems.ts'), 'utf8');
  expect(problems).toMatch(/lessMemory =\s*'[^']*smaller size/);
  expect(fixOf('gpu-lost')).toMatch(/join again/);
  expect(fixOf('invitation-damaged')).toMatch(/whole address/);
  expect(fixOf('run-exists')).toMatch(/another name/);
});
