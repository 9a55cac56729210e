/**
 * The layering of docs/architecture.md as a lint: arrows go one way, type imports included.
 * Each row: a layer, and the layers it may import besides itself. Tests may reach for src/testing and src/hosts too.
 */
const layers = {
  base: [],
  gpu: ['base'],
  kernels: ['gpu', 'base'],
  data: ['base'],
  swarm: ['base'],
  model: ['kernels', 'gpu', 'data', 'base'],
  compression: ['kernels', 'gpu', 'data', 'base'],
  strategies: ['model', 'compression', 'base'],
  export: ['model', 'kernels', 'data', 'base'],
  volunteer: ['export', 'strategies', 'model', 'compression', 'kernels', 'gpu', 'data', 'swarm', 'base'],
  replay: ['volunteer', 'model', 'base'],
  ui: ['replay', 'volunteer', 'base'],
  hosts: [
    'replay',
    'volunteer',
    'export',
    'strategies',
    'model',
    'compression',
    'kernels',
    'gpu',
    'data',
    'swarm',
    'base',
  ],
};
const test = '\\.test\\.tsx?$';
const rules = Object.entries(layers).map(([layer, allowed]) => ({
  name: `layer-${layer}`,
  comment: `src/${layer} may import only: ${[layer, ...allowed].join(', ')}`,
  severity: 'error',
  from: { path: `^src/${layer}/`, pathNot: test },
  to: {
    path: '^(src|signaling-server|e2e|bench|scripts)/',
    pathNot: `^src/(${[layer, ...allowed].join('|')})/`,
  },
}));

module.exports = {
  forbidden: [
    ...rules,
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'network-libraries-stay-in-swarm',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/swarm/|${test}` },
      to: { path: 'node_modules/(yjs|y-webrtc|y-protocols|simple-peer)/' },
    },
    {
      name: 'yjs-only-in-shared-doc',
      severity: 'error',
      from: { path: '^src/swarm/', pathNot: `^src/swarm/shared-doc|${test}` },
      to: { path: 'node_modules/(yjs|y-webrtc|y-protocols)/' },
    },
    {
      name: 'server-knows-only-the-signaling-protocol',
      severity: 'error',
      from: { path: '^signaling-server/', pathNot: test },
      to: { path: '^src/', pathNot: '^src/(base/|swarm/signaling-protocol\\.ts)' },
    },
    {
      name: 'shaders-only-from-kernels',
      severity: 'error',
      from: { path: '^(src|signaling-server|bench|scripts)/', pathNot: `^src/kernels/|${test}` },
      to: { path: '^shaders/' },
    },
    {
      name: 'tests-import-nothing-back',
      comment: 'Only tests may import src/testing; nothing may import a test.',
      severity: 'error',
      from: { path: '^(src|signaling-server|bench|scripts)/', pathNot: `${test}|^src/testing/` },
      to: { path: `^src/testing/|${test}` },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '\\?raw$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    // Anchored: `distro.ts` and node_modules/yjs/dist are to be seen.
    exclude: { path: '^(dist|public)/' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json', '.wgsl'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
