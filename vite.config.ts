import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { softwareVulkanEnvironment } from './scripts/find-chromium.mjs';

// The gpu project runs Dawn in Node on the software Vulkan driver that ships beside Chromium. The dynamic loader
// reads these at process start, so they must be set before vitest forks its workers.
if (process.env['VITEST'] !== undefined) Object.assign(process.env, softwareVulkanEnvironment());

const gpuTests = ['src/kernels/**/*.test.ts', 'src/gpu/**/*.test.ts', 'src/**/*.gpu.test.ts'];

export default defineConfig({
  plugins: [react()],
  build: { target: 'es2023', outDir: 'dist/page', emptyOutDir: true },
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
