import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { realClock, type Clock } from '../src/base/clock.ts';
import type { Certificate } from './certificate.ts';
import { Connection, type ConnectionContext } from './connection.ts';
import { AddressCounts, addressGroup, defaultLimits, type Limits } from './limits.ts';
import { Metrics, type RefusalReason } from './metrics.ts';
import { shareOnePort } from './one-port.ts';
import { answerText, requestPath, serveFile, type StaticFolders } from './static-files.ts';
import { Topics } from './topics.ts';

export interface SignalingServerOptions {
  /** 0: any free port. */
  readonly port: number;
  /** The address to listen on; undefined: every address of the machine. */
  readonly host?: string;
  /** Undefined: dist/page of this project. */
  readonly folders?: StaticFolders;
  /** Undefined: no HTTPS, and a TLS connection is cut. */
  readonly certificate?: Certificate;
  readonly limits?: Partial<Limits>;
  readonly clock?: Clock;
}

export interface SignalingServer {
  readonly port: number;
  /** http://127.0.0.1:port; signaling is the same with ws:, and https:, wss: work too if there is a certificate. */
  readonly url: string;
  /** The text of /metrics. */
  metrics(): string;
  /** How often something was refused for this reason. */
  refused(reason: RefusalReason): number;
  /** Closes every socket with 1001 and resolves within 2 s, whatever the clients do. May be called more than once. */
  close(): Promise<void>;
}

const upgradeRefusals = {
  'too many connections': 503,
  'too many connections from an address': 429,
  'shutting down': 503,
} as const;

function refuseUpgrade(socket: Duplex, status: 400 | 429 | 503): void {
  const phrase = { 400: 'Bad Request', 429: 'Too Many Requests', 503: 'Service Unavailable' }[status];
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${phrase}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
    socket.destroy(),
  );
}

/** Starts the one server of a run: page, corpus and signaling on one port. Rejects when the port is taken. */
export async function createSignalingServer(options: SignalingServerOptions): Promise<SignalingServer> {
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const clock = options.clock ?? realClock;
  const folders = options.folders ?? {
    page: fileURLToPath(new URL('../dist/page', import.meta.url)),
    corpus: undefined,
  };
  const metrics = new Metrics();
  const topics = new Topics<Connection>(limits.topicsPerConnection, limits.topics);
  const context: ConnectionContext = { limits, clock, metrics, topics };
  const connections = new Set<Connection>();
  const perAddress = new AddressCounts(limits.connectionsPerAddress);
  let closing: Promise<void> | undefined;

  const text = () =>
    metrics.text({ connections: connections.size, topics: topics.size, sockets: onePort.openSockets() });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    metrics.request();
    const path = requestPath(request.url);
    if (path === '/healthz') {
      answerText(response, closing === undefined ? 200 : 503, closing === undefined ? 'ok\n' : 'closing\n');
    } else if (path === '/metrics') {
      answerText(response, 200, text(), 'text/plain; version=0.0.4');
    } else {
      await serveFile(request, response, folders, metrics);
    }
  };

  const http = createServer(
    {
      headersTimeout: limits.handshakeMs,
      requestTimeout: 2 * limits.handshakeMs,
      connectionsCheckingInterval: Math.min(limits.handshakeMs, 5000),
      keepAliveTimeout: 5000,
    },
    (request, response) => {
      response.on('timeout', () => {
        metrics.refuse('slow reader');
        response.destroy();
      });
      answer(request, response).catch(() => {
        metrics.refuse('socket broken');
        response.destroy();
      });
    },
  );
  // Ends with a WebSocket's handshake: there, pings find out who is gone.
  http.timeout = limits.idleMs;
  http.on('clientError', (_error, socket) => {
    metrics.refuse('malformed HTTP');
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });

  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.messageBytes,
    maxFragments: 1024,
    maxBufferedChunks: 4096,
  });
  webSockets.on('wsClientError', (_error, socket) => {
    metrics.refuse('malformed HTTP');
    refuseUpgrade(socket, 400);
  });
  const upgradeProblem = (group: string): keyof typeof upgradeRefusals | undefined => {
    if (closing !== undefined) return 'shutting down';
    if (connections.size >= limits.connections) return 'too many connections';
    if (perAddress.full(group)) return 'too many connections from an address';
    return undefined;
  };
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const group = addressGroup(request.socket.remoteAddress ?? 'unknown');
    const problem = upgradeProblem(group);
    if (problem !== undefined) {
      metrics.refuse(problem);
      refuseUpgrade(socket, upgradeRefusals[problem]);
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      metrics.open();
      perAddress.add(group);
      const connection = new Connection(webSocket, context, () => {
        connections.delete(connection);
        perAddress.remove(group);
      });
      connections.add(connection);
    });
  });

  const onePort = shareOnePort(http, options.certificate, limits, clock, metrics);
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(options.port, options.host, () => {
      http.off('error', reject);
      resolve();
    });
  });
  const { port } = http.address() as AddressInfo;

  let cancelPing: () => void;
  const schedulePing = () => {
    cancelPing = clock.after(limits.pingIntervalMs, () => {
      for (const connection of [...connections]) connection.checkAlive();
      schedulePing();
    });
  };
  schedulePing();

  const shutDown = async (): Promise<void> => {
    cancelPing();
    const closed = new Promise<void>((resolve) => http.close(() => resolve()));
    for (const connection of connections) connection.close(1001, 'the server is shutting down');
    http.closeIdleConnections();
    const cancelCut = clock.after(limits.shutdownMs, () => {
      for (const connection of [...connections]) connection.terminate();
      onePort.destroyAll();
    });
    await closed;
    cancelCut();
  };

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    metrics: text,
    refused: (reason) => metrics.refused(reason),
    close: () => (closing ??= shutDown()),
  };
}
