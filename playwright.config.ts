import { defineConfig } from 'playwright/test';

// One worker: every volunteer is a whole browser context training on the same few cores.
export default defineConfig({
  testDir: 'e2e',
  testMatch: '*.spec.ts',
  workers: 1,
  // A machine that others use too is three times slower at times.
  timeout: 480_000,
  forbidOnly: process.env['CI'] !== undefined,
  outputDir: 'test-results',
  reporter: process.env['PLAYWRIGHT_JSON_OUTPUT_NAME'] === undefined ? [['list']] : [['list'], ['json']],
});
