import { create, globals } from 'webgpu';

/**
 * WebGPU in Node, through Dawn. On a machine without a GPU the environment must name a software Vulkan driver before
 * the process starts: scripts/find-chromium.mjs, softwareVulkanEnvironment().
 */
export function nodeGpu(): GPU {
  Object.assign(globalThis, globals);
  return create([]);
}
