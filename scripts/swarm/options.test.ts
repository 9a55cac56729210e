import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

test('a number of volunteers is that many Chromium tabs', () => {
  expect(readOptions(['--volunteers', '2']).hosts).toEqual(['chromium', 'chromium']);
  expect(readOptions([])).toMatchObject({ rounds: 40, preset: 'nano', seed: undefined, script: undefined });
});

test('volunteers can be named by their hosts, in the order in which they join', () => {
  const { hosts } = readOptions(['--volunteers', 'firefox, chromium,node']);
  expect(hosts).toEqual(['firefox', 'chromium', 'node']);
});

test.each(['0', '17', '-1', '1.5', '', 'chromium,,node', 'safari', '3,node'])(
  'volunteers "%s" are refused',
  (text) => {
    expect(() => readOptions([`--volunteers=${text}`])).toThrow(/--volunteers must be/);
  },
);

test('a script comes with its steps, and an unknown one is refused', () => {
  const args = ['--rounds', '120', '--script'];
  expect(readOptions([...args, 'churn']).script).toMatchObject({ name: 'churn' });
  expect(() => readOptions([...args, 'calm'])).toThrow(/Known scripts: churn/);
});

test('what cannot be read is refused with the usage', () => {
  for (const args of [
    ['--rounds', '1e3'],
    ['--rounds', ' '],
    ['--seed', '-1'],
    ['--preset', 'huge'],
  ])
    expect(() => readOptions([`${args[0]}=${args[1]}`])).toThrow(/Usage: npm run swarm/);
  expect(() => readOptions(['--banana'])).toThrow(/banana/);
});
