import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../src/base/clock.ts';
import { keptCertificate, readCertificate } from './certificate.ts';
import { addressGroup, TokenBucket } from './limits.ts';
import { Topics } from './topics.ts';

describe('a token bucket', () => {
  it('gives its burst at once and then its rate, and never saves more than its burst', () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket(3, 2, clock);
    expect([bucket.take(1), bucket.take(2), bucket.take(1)]).toEqual([true, true, false]);
    clock.advance(500);
    expect([bucket.take(1), bucket.take(1)]).toEqual([true, false]);
    clock.advance(60_000);
    expect([bucket.take(4), bucket.take(3), bucket.take(1)]).toEqual([false, true, false]);
  });
});

describe('addresses', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:10.0.0.7', '10.0.0.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8:1:2::9', '2001:db8:1:2'],
    ['2001:0db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ])('%s counts as %s', (address, group) => {
    expect(addressGroup(address)).toBe(group);
  });
});

describe('topics', () => {
  it('exist while someone subscribes, and a client that goes ends all its subscriptions', () => {
    const topics = new Topics<string>(2, 3);
    expect(topics.subscribe('a', 'x')).toBe('added');
    expect(topics.subscribe('a', 'x')).toBe('already');
    expect(topics.subscribe('a', 'y')).toBe('added');
    expect(topics.subscribe('a', 'z')).toBe('client is full');
    expect(topics.subscribe('b', 'z')).toBe('added');
    expect(topics.subscribe('c', 'w')).toBe('server is full');
    expect(topics.subscribe('c', 'x')).toBe('added');
    topics.drop('a');
    expect([...topics.subscribers('x')]).toEqual(['c']);
    expect(topics.size).toBe(2);
    topics.unsubscribe('c', 'never');
    topics.unsubscribe('c', 'x');
    topics.drop('b');
    expect(topics.size).toBe(0);
  });
});

describe('the generated certificate', () => {
  const day = 86_400_000;
  const now = new Date('2030-01-01T00:00:00Z');

  it('covers the hosts, is private to its owner, is kept, and is made anew for another host or near its end', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'starling-certificate-'));
    try {
      const hosts = ['localhost', '127.0.0.1', '::1', 'machine.example'];
      const first = await keptCertificate(folder, hosts, now);
      const certificate = new X509Certificate(first.cert);
      expect(certificate.checkHost('machine.example')).toBe('machine.example');
      expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
      expect(certificate.checkIP('::1')).toBe('::1');
      expect(certificate.checkHost('elsewhere.example')).toBeUndefined();
      const mode = (await stat(join(folder, 'certificate-key.pem'))).mode & 0o777;
      expect(mode).toBe(0o600);
      const second = await keptCertificate(folder, hosts, new Date(now.getTime() + 100 * day));
      expect(second).toEqual({ ...first, generated: false });
      const moved = await keptCertificate(folder, [...hosts, '10.1.2.3'], now);
      expect(moved.generated).toBe(true);
      const lateOn = new Date(now.getTime() + 800 * day);
      const late = await keptCertificate(folder, hosts, lateOn);
      expect(late.generated).toBe(true);
      expect((await keptCertificate(folder, hosts, lateOn)).generated).toBe(false);
      await writeFile(join(folder, 'certificate-key.pem'), first.key); // another server's, started at the same moment
      expect((await keptCertificate(folder, hosts, lateOn)).generated).toBe(true);
      await writeFile(join(folder, 'certificate.pem'), 'rubbish');
      expect((await keptCertificate(folder, hosts, now)).generated).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('gives way to a named one, which must be readable and go with its key', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'starling-certificate-'));
    try {
      const mine = { cert: join(folder, 'mine.pem'), key: join(folder, 'mine-key.pem') };
      const { cert, key } = await keptCertificate(folder, ['localhost'], now);
      await writeFile(mine.cert, cert);
      await writeFile(mine.key, key);
      expect(await readCertificate(mine.cert, mine.key)).toEqual({ cert, key });
      const other = await keptCertificate(join(folder, 'other'), ['localhost'], now);
      await writeFile(mine.key, other.key);
      await expect(readCertificate(mine.cert, mine.key)).rejects.toMatchObject({
        code: 'certificate-unreadable',
      });
    } finally {
      await rm(folder, { recursive: true });
    }
    await expect(readCertificate('/nowhere/cert.pem', '/nowhere/key.pem')).rejects.toMatchObject({
      code: 'certificate-unreadable',
    });
  });
});
