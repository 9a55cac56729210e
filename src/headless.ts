// A volunteer without a page: node scripts/run.mjs src/headless.ts --url "http://localhost:8080/?run=room".
// Wiring only: Dawn for the GPU, @roamhq/wrtc for WebRTC, ws for signaling; the volunteer is the one that tabs run.
import { problemOf, StarlingError } from './base/errors.ts';
import { nodeGpu } from './hosts/node.ts';
import { serveControl } from './hosts/node-control.ts';
import { NodeHost } from './hosts/node-host.ts';
import { openNodeKey } from './hosts/node-key.ts';
import { installNetwork, type NodeNetwork } from './hosts/node-network.ts';
import { readNodeOptions } from './hosts/node-options.ts';
import { NodeReport } from './hosts/node-report.ts';

/** Imported here and not in `main`, because scripts/run.mjs loads nothing once the module is there. */
const [sockets, webRtc] = await Promise.allSettled([import('ws'), import('@roamhq/wrtc')]);

function network(): NodeNetwork {
  if (sockets.status === 'fulfilled' && webRtc.status === 'fulfilled')
    return { webSocket: sockets.value.WebSocket, wrtc: webRtc.value.default };
  throw new StarlingError(
    'no-webrtc',
    'WebRTC for Node (@roamhq/wrtc) cannot be loaded on this machine.',
    'Run `npm ci --include=dev`; where there is no build of it for this system, open the address in a browser.',
    { cause: webRtc.status === 'rejected' ? webRtc.reason : undefined },
  );
}

/** Resolves when the volunteer has left; process.exitCode is 1 where it failed. */
export async function main(args: readonly string[]): Promise<void> {
  const say = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const complain = (thrown: unknown): void => {
    const { message, fix } = problemOf(thrown, 'Start it again; if it stays, report it.');
    say(`error: ${message} ${fix}`);
    process.exitCode = 1;
  };
  try {
    const { base, page, keyFile, gpuShare, control } = readNodeOptions(args);
    const { wrtc, webSocket } = network();
    installNetwork({ wrtc, webSocket });
    const key = await openNodeKey(keyFile);
    say(`volunteer ${key.identity.id.slice(0, 8)}, room ${page.room} at ${base.origin}`);
    const report = new NodeReport();
    await new Promise<void>((done, broken) => {
      const changed = (): void => {
        const { status } = host;
        if (status === undefined) return;
        for (const line of report.lines(status)) say(line);
        if (status.state !== 'failed') return;
        process.exitCode = 1;
        // A tool that drives it still wants to read the status.
        if (!control) leave();
      };
      const leave = (): void => {
        // Who asks twice does not want to wait for the goodbye.
        process.once('SIGINT', () => process.exit(130));
        host.leave().then(done, broken);
      };
      const stop = (thrown: unknown): void => {
        complain(thrown);
        leave();
      };
      const join = (): void => {
        host.join().catch(stop);
      };
      let host: NodeHost;
      const gpu = nodeGpu();
      NodeHost.open({ base, page, key, gpu, gpuShare, wrtc, changed, broken: stop }).then((opened) => {
        host = opened;
        process.once('SIGINT', leave);
        process.once('SIGTERM', leave);
        if (control) serveControl(process.stdin, process.stdout, { host, join, leave });
        else join();
      }, broken);
    });
    key.release();
  } catch (thrown) {
    complain(thrown);
  }
}
