import { expect, test } from 'vitest';
import { webgpuAdvice } from './webgpu-advice.ts';

const mac = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)';
const webKit = 'AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15';
const chrome = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/110.0.0.0 Safari/537.36';

test.each([
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/130', 5, /iOS or iPadOS 26/],
  [`${mac} ${webKit}`, 5, /iOS or iPadOS 26/],
  [`${mac} ${webKit}`, 0, /macOS 26/],
  [`Mozilla/5.0 (Linux; Android 10; K) ${chrome}`, 5, /Chrome 121/],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0', 0, /dom\.webgpu\.enabled/],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0',
    0,
    /from 141 on Windows/,
  ],
  [`Mozilla/5.0 (X11; Linux x86_64) ${chrome}`, 0, /chrome:\/\/flags/],
  [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${chrome}`, 0, /version 113/],
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Edg/110.0`, 10, /version 113/],
  ['', 0, /Chrome, Edge, Firefox or Safari/],
])('%s is told what has WebGPU there', (userAgent, maxTouchPoints, advice) => {
  expect(webgpuAdvice({ userAgent, maxTouchPoints })).toMatch(advice);
});
