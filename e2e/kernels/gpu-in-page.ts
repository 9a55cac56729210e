/** Stands for src/hosts/node.ts in a page: the browser's own WebGPU where a test asks for Dawn. */
export function nodeGpu(): GPU {
  return navigator.gpu;
}
