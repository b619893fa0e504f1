/**
 * BrokerFindings: what can be wrong with the broker as a whole, its clients and its virtual hosts:
 * alarms, the disk, certificates, limits. The rules for queues and exchanges are
 * queue-findings.ts.
 */
import type { VHost } from '../../../src/broker/vhost.ts';
import {
  CERTIFICATE_SOON_MS,
  CERTIFICATE_VERY_SOON_MS,
  NEAR_A_LIMIT,
} from '../../../src/limits-console.ts';
import type { ManagementContext } from '../management/context.ts';
import type { Findings, Remark } from './finding.ts';
import { plural } from './link.ts';

/** Applies every rule to the broker; only who monitors is shown what comes of it. */
export function findInBroker(context: ManagementContext, nowMs: number, findings: Findings): void {
  const subject = { kind: 'node', vhost: null, name: context.node } as const;
  findings.add(subject, brokenStore(context));
  findings.add(subject, memoryAlarm(context));
  findings.add(subject, diskAlarm(context));
  findings.add(subject, manyClients(context));
  for (const certificate of context.certificates()) {
    const name = `${certificate.protocol}:${certificate.port}`;
    findings.add(
      { ...subject, name: context.node },
      endingCertificate(name, certificate.expiresAtMs, nowMs),
    );
  }
}

/** Clients that are held back, each shown to its own user as well. */
export function findInConnections({ connections }: ManagementContext, findings: Findings): void {
  for (const open of connections) {
    const { state, user, vhost, protocol } = open.describe();
    if (user === null || (state !== 'blocked' && state !== 'blocking')) continue;
    const subject = { kind: 'connection', vhost: null, name: open.name, user } as const;
    findings.add(subject, {
      kind: 'connection-blocked',
      severity: 'critical',
      title: `${user}'s publishing is held back`,
      cause:
        `The broker is short of memory or disk: ${protocol} connections that publish ` +
        `(here in '${vhost}') have to wait.`,
      fix: 'Consume or purge messages, or free what the alarm names: publishing then goes on.',
    });
  }
}

/** A virtual host near what it may have. */
export function findInVhost(vhost: VHost, findings: Findings): void {
  const subject = { kind: 'vhost', vhost: null, name: vhost.name } as const;
  const { limits, connections, topology } = vhost;
  const all = [
    ['max-connections', connections, 'connection'],
    ['max-queues', topology.queues.size, 'queue'],
  ] as const;
  for (const [key, count, noun] of all) {
    const limit = limits[key] ?? -1;
    if (limit < 0 || count < limit * NEAR_A_LIMIT) continue;
    findings.add(subject, {
      kind: `vhost-near-${key}`,
      severity: 'warning',
      title: `Virtual host '${vhost.name}' is near its limit`,
      cause: `${plural(count, noun)} of at most ${limit} (${key}).`,
      fix: `Close or delete what is not needed, or raise ${key} of the virtual host.`,
    });
  }
}

function brokenStore({ broker }: ManagementContext): Remark | null {
  const { failure } = broker.store;
  if (failure === null) return null;
  return {
    kind: 'store-failed',
    severity: 'critical',
    title: 'The disk failed, and nothing more can be stored',
    cause: failure.message,
    fix: 'Look at the disk and the log, then restart the broker: what was confirmed is there.',
  };
}

function memoryAlarm(context: ManagementContext): Remark | null {
  const { limitBytes, alarm } = context.resources().memory;
  if (!alarm) return null;
  return {
    kind: 'memory-alarm',
    severity: 'critical',
    title: 'Memory is short: publishers are held back',
    cause: `The broker uses more than ${megabytes(limitBytes)} of memory.`,
    fix: 'Consume what waits, or raise vm_memory_high_watermark if the machine has more.',
  };
}

function diskAlarm(context: ManagementContext): Remark | null {
  const { freeBytes, limitBytes, alarm } = context.resources().disk;
  const near = limitBytes > 0 && freeBytes > 0 && freeBytes < limitBytes / NEAR_A_LIMIT;
  if (!alarm && !near) return null;
  const cause = `${megabytes(freeBytes)} are free, disk_free_limit is ${megabytes(limitBytes)}.`;
  const fix = 'Free space on the disk of the data directory, or consume what waits.';
  return alarm
    ? {
        kind: 'disk-alarm',
        severity: 'critical',
        title: 'The disk is nearly full: publishers are held back',
        cause,
        fix,
      }
    : { kind: 'disk-near-limit', severity: 'warning', title: 'The disk fills up', cause, fix };
}

function manyClients({ connections, socketsMax }: ManagementContext): Remark | null {
  if (!(connections.size >= socketsMax * NEAR_A_LIMIT)) return null;
  return {
    kind: 'clients-near-limit',
    severity: 'warning',
    title: 'Few more clients can connect',
    cause: `${plural(connections.size, 'connection')} of at most ${socketsMax}.`,
    fix: 'Raise the limit of open files (ulimit -n) and restart, or find who opens so many.',
  };
}

function endingCertificate(name: string, expiresAtMs: number, nowMs: number): Remark | null {
  const leftMs = expiresAtMs - nowMs;
  if (!(leftMs < CERTIFICATE_SOON_MS)) return null;
  const days = Math.floor(leftMs / 86_400_000);
  return {
    kind: `certificate-expires-${name}`,
    severity: leftMs < CERTIFICATE_VERY_SOON_MS ? 'critical' : 'warning',
    title:
      leftMs <= 0 ? `The certificate of ${name} has expired` : `The certificate of ${name} expires`,
    cause:
      leftMs <= 0
        ? 'Clients that check it cannot connect.'
        : `It is valid for ${plural(days, 'more day')}.`,
    fix: 'Put a new certificate in place of its file: the broker takes it within seconds.',
  };
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6).toLocaleString('en')} MB`;
}
