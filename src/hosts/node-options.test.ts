import { expect, test } from 'vitest';
import { StarlingError } from '../base/errors.ts';
import { readNodeOptions } from './node-options.ts';

test("a volunteer without a page reads a page's address", () => {
  const { base, page, keyFile, gpuShare, control } = readNodeOptions([
    '--url',
    'http://127.0.0.1:8080/?run=class-7b&preset=micro&rounds=5',
    '--key',
    'me.json',
  ]);
  expect(base.origin).toBe('http://127.0.0.1:8080');
  expect(page).toMatchObject({ room: 'class-7b', preset: 'micro', rounds: 5 });
  expect([keyFile, gpuShare, control]).toEqual(['me.json', 1, false]);
  expect(readNodeOptions(['--url', 'http://127.0.0.1/', '--gpu-share', '0.3']).gpuShare).toBe(0.3);
});

test.each([
  [[], /--url is missing/],
  [['--url', 'not an address'], /must be an http: or https: address/],
  [['--url', 'ftp://127.0.0.1/'], /must be an http: or https: address/],
  [['--url', 'http://127.0.0.1/', '--fast'], /--fast/],
  [['http://127.0.0.1/'], /http:/],
  [['--url', 'http://127.0.0.1/', '--gpu-share', '30'], /--gpu-share must be from 0.01 to 1, not "30"/],
])('a command line that makes no sense is answered with the usage: %j', (args, message) => {
  let thrown: unknown;
  try {
    readNodeOptions(args);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(StarlingError);
  expect((thrown as StarlingError).message).toMatch(message);
  expect((thrown as StarlingError).fix).toMatch(/^Usage: node scripts\/run\.mjs src\/headless\.ts --url/);
});
