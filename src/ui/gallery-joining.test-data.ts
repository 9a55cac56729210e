import type { VolunteerStatus } from '../volunteer/status.ts';
import { fakeComfort } from './fake-snapshot.test-data.ts';
import {
  able,
  arriving,
  emptyRoom,
  inRoom,
  invitation,
  measured,
  mine,
  peers,
  taking,
  watching,
} from './gallery-parts.test-data.ts';
import type { PageSnapshot } from './host.ts';

const settingUp = (setUp: VolunteerStatus['setUp'], fetching?: VolunteerStatus['fetching']): PageSnapshot =>
  arriving({ state: 'starting', reason: 'Getting ready.', setUp, fetching });

const catchingUp = (reason: string, catchUp: VolunteerStatus['catchUp']): PageSnapshot =>
  arriving({ state: 'catching-up', reason, catchUp, members: 2 });

const fetching = 'Fetching the model from other volunteers.';

/** From the first look at the page to the first step of one's own. */
export const before = {
  empty: emptyRoom(),
  emptyMeasured: emptyRoom({ environment: measured }),
  emptyMain: emptyRoom({
    invite: { room: 'main', href: 'https://starling.example/', byInvitation: false },
  }),
  emptyInvited: emptyRoom({ invite: invitation }),
  softwareGpu: emptyRoom({ environment: { ...able, gpu: 'SwiftShader', gpuIsSoftware: true } }),
  viewer: watching(
    'The browser has WebGPU but found no graphics processor it can use.',
    'Turn on hardware acceleration in the browser settings and update the graphics driver, then reload.',
  ),
  noWebGpu: watching(
    'This browser has no WebGPU.',
    'Use a current Chrome, Edge, Firefox or Safari. On some systems WebGPU must be turned on in the settings.',
  ),
  noWebGpuEmpty: emptyRoom({
    environment: {
      canTrain: false,
      reason: 'This browser has no WebGPU.',
      fix: 'Use a current Chrome, Edge, Firefox or Safari. On some systems WebGPU must be turned on in the settings.',
      secureUrl: undefined,
    },
  }),
  noSecureContext: watching(
    'This address is not secure (plain HTTP), and browsers lend a GPU only to secure pages.',
    'Open the HTTPS address below. The browser will ask once whether you trust this server.',
    'https://starling.example:8080/?run=moby',
  ),
  guest: inRoom({ environment: measured }),
  guestInvited: inRoom({ invite: invitation }),
  guestHeld: inRoom({ comfort: fakeComfort({ pausedBy: 'metered', metered: true }) }),
  guestOfNobody: inRoom({}, { presences: [] }),
  joining: emptyRoom({ joining: 'looking' }),
  measuring: emptyRoom({ joining: 'measuring' }),
  preparing: emptyRoom({ joining: 'preparing' }),
  opening: inRoom({ joining: 'opening' }),
  adapter: settingUp({ step: 'adapter', doing: 'opening', done: 0, total: 0 }),
  tuning: settingUp({ step: 'compile', doing: 'tuning', done: 0, total: 0 }),
  compiling: settingUp({ step: 'compile', doing: 'compiling', done: 17, total: 64 }),
  data: settingUp({ step: 'data', doing: 'loading', done: 0, total: 0 }),
  fetchingText: settingUp(
    { step: 'data', doing: 'loading', done: 0, total: 0 },
    { what: 'text', bytes: 3_100_000, totalBytes: 12_400_000, stuck: undefined },
  ),
  textStuck: settingUp(
    { step: 'data', doing: 'loading', done: 0, total: 0 },
    { what: 'text', bytes: 3_100_000, totalBytes: 12_400_000, stuck: 'nobody' },
  ),
  peers: arriving(
    {
      state: 'waiting',
      reason: 'Waiting for volunteers: 1 of 3 are here.',
      fix: 'Open this address in more tabs or on more machines, and join there.',
      peers: peers([mine]),
    },
    { invite: invitation },
  ),
  asking: catchingUp(fetching, { stage: 'model', done: 0, total: 0, perSecond: undefined, sources: 0 }),
  model: catchingUp(fetching, {
    ...{ stage: 'model', done: 412_000, total: 656_640, perSecond: 61_000, sources: 3 },
  }),
  rounds: catchingUp('Following the rounds that the others trained meanwhile.', {
    ...{ stage: 'rounds', done: 12, total: 41, perSecond: 7.4, sources: 0 },
  }),
  'warm-up': catchingUp(
    'Training silently, so that its first contribution is worth something; the others do not wait for it.',
    { stage: 'warm-up', done: 3, total: 8, perSecond: 0.5, sources: 0 },
  ),
  firstStep: taking({ roundsTrained: 0, receipts: [] }, { contribution: undefined }),
  alone: taking(
    {
      ...{ roundsTrained: 6, members: 1, round: 6, peers: peers([mine]) },
      reason: 'Waiting for one more volunteer: training alone meanwhile.',
    },
    {},
    { presences: [] },
  ),
  couldNotSetUp: arriving({
    state: 'failed',
    reason:
      'The GPU has no memory left for the model: 805306368 bytes are more than 268435456 in one buffer.',
    fix: 'Close other tabs and programs that use the GPU, then join again. If it stays, start or join a run of a smaller size: small needs most, nano least.',
    setUp: { step: 'compile', doing: 'compiling', done: 17, total: 64 },
  }),
} as const satisfies Readonly<Record<string, PageSnapshot>>;
