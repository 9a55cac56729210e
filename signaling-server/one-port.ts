import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Clock } from '../src/base/clock.ts';
import type { Certificate } from './certificate.ts';
import { AddressCounts, addressGroup, type Limits } from './limits.ts';
import type { Metrics } from './metrics.ts';

/** The first byte of a TLS connection: a handshake record (RFC 8446 section 5.1). No HTTP method starts with it. */
const tlsHandshakeRecord = 0x16;

export interface OnePort {
  /** TCP connections open now, whatever they speak. */
  openSockets(): number;
  /** Cuts every connection. */
  destroyAll(): void;
}

/**
 * Lets `http` answer HTTP and HTTPS on its one port: a connection whose first byte opens a TLS handshake is decrypted
 * first. Call before `http.listen`. Without a certificate a TLS connection is cut. What never says a byte, and what never
 * ends its handshake, is cut after `limits.handshakeMs`.
 */
export function shareOnePort(
  http: HttpServer,
  certificate: Certificate | undefined,
  limits: Limits,
  clock: Clock,
  metrics: Metrics,
): OnePort {
  const sockets = new Set<Socket>();
  const perAddress = new AddressCounts(limits.socketsPerAddress);
  // Node's own listeners: they put the HTTP parser on a connection, encrypted or not.
  const speakHttp = http.listeners('connection');
  http.removeAllListeners('connection');
  const handToHttp = (socket: Socket) => {
    for (const listener of speakHttp) Reflect.apply(listener, http, [socket]);
  };

  const tls =
    certificate === undefined
      ? undefined
      : createTlsServer({
          cert: certificate.cert,
          key: certificate.key,
          handshakeTimeout: limits.handshakeMs,
          ALPNProtocols: ['http/1.1'],
          minVersion: 'TLSv1.2',
        });
  tls?.on('secureConnection', (socket) => {
    socket.on('error', () => {
      metrics.refuse('socket broken');
      socket.destroy();
    });
    handToHttp(socket);
  });
  tls?.on('tlsClientError', (_error, socket) => {
    metrics.refuse('TLS handshake');
    socket.destroy();
  });

  http.on('connection', (socket: Socket) => {
    const group = addressGroup(socket.remoteAddress ?? 'unknown');
    if (sockets.size >= limits.sockets || perAddress.full(group)) {
      metrics.refuse(
        perAddress.full(group) ? 'too many connections from an address' : 'too many connections',
      );
      socket.destroy();
      return;
    }
    sockets.add(socket);
    perAddress.add(group);
    socket.on('error', () => socket.destroy());
    const cancelWait = clock.after(limits.handshakeMs, () => {
      metrics.refuse('no first byte');
      socket.destroy();
    });
    socket.on('close', () => {
      cancelWait();
      sockets.delete(socket);
      perAddress.remove(group);
    });
    const sniff = () => {
      const first = socket.read(1) as Buffer | null;
      if (first === null) {
        if (!socket.readableEnded && !socket.destroyed) socket.once('readable', sniff);
        return;
      }
      cancelWait();
      socket.unshift(first);
      if (first[0] !== tlsHandshakeRecord) handToHttp(socket);
      else if (tls !== undefined) tls.emit('connection', socket);
      else {
        metrics.refuse('TLS not offered');
        socket.destroy();
      }
    };
    socket.once('readable', sniff);
    socket.once('end', () => {
      if (sockets.has(socket) && socket.bytesRead === 0) socket.destroy();
    });
  });

  return {
    openSockets: () => sockets.size,
    destroyAll: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
