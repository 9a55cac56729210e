import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { softwareVulkanEnvironment } from './scripts/find-chromium.mjs';
import { policyInPage } from './signaling-server/content-policy.ts';

// The gpu project runs Dawn in Node on the software Vulkan driver that ships beside Chromium. The dynamic loader
// reads these at process start, so they must be set before vitest forks its workers.
if (process.env['VITEST'] !== undefined) Object.assign(process.env, softwareVulkanEnvironment());

const gpuTests = ['src/kernels/**/*.test.ts', 'src/gpu/**/*.test.ts', 'src/**/*.gpu.test.ts'];

/** The content policy in the built pages too, for hosts that send no headers. While developing, pages have inline scripts. */
const contentPolicy: Plugin = {
  name: 'content-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: policyInPage },
      injectTo: 'head-prepend',
    },
  ],
};

export default defineConfig({
  plugins: [react(), contentPolicy],
  build: {
    target: 'es2023',
    outDir: 'dist/page',
    emptyOutDir: true,
    rolldownOptions: {
      input: ['index.html', 'embed.html'],
      // What a page takes from a folder is a name or a bound, and not the kernels beside it: none of these does anything on import.
      treeshake: { moduleSideEffects: [{ test: /\/src\/[a-z]+\/.*\.tsx?$/, sideEffects: false }] },
    },
  },
  worker: { format: 'es' },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.{ts,tsx}',
            'signaling-server/**/*.test.ts',
            'scripts/**/*.test.ts',
            'bench/**/*.test.ts',
          ],
          exclude: gpuTests,
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: { name: 'gpu', include: gpuTests, pool: 'forks', testTimeout: 480_000, hookTimeout: 120_000 },
      },
    ],
  },
});
