import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { serveControl } from './node-control.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a tool asks for the status a line at a time, joins, and its end is a leave, once', async () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const [join, leave, setGpuShare] = [vi.fn(), vi.fn(), vi.fn()];
  serveControl(input, output, { host: { status: undefined, setGpuShare }, join, leave });
  input.write('status\njoin\nst');
  await turn();
  input.write('atus\nfly\n');
  await turn();
  expect(String(output.read())).toBe('null\nnull\n{"unknown":"fly"}\n');
  expect(join).toHaveBeenCalledTimes(1);
  input.write('gpu-share 0.25\ngpu-share 2\ngpu-share\n');
  await turn();
  expect(setGpuShare.mock.calls).toEqual([[0.25]]);
  expect(String(output.read())).toBe('{"unknown":"gpu-share 2"}\n{"unknown":"gpu-share"}\n');
  expect(leave).not.toHaveBeenCalled();
  input.end('leave\n');
  await vi.waitFor(() => expect(leave).toHaveBeenCalled());
  await turn();
  expect(leave).toHaveBeenCalledTimes(1);
});
