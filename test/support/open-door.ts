/**
 * OpenDoor: a broker with a data directory that AMQP, MQTT, STOMP and HTTP clients reach, MQTT
 * without a name, and one AMQP connection to it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import amqplib, { type ChannelModel } from 'amqplib';
import { type ApiBroker, startApi } from './management.ts';

export interface OpenDoor {
  readonly broker: ApiBroker;
  /** Its data directory, for commands. */
  readonly folder: string;
  /** Called `billing-worker`. */
  readonly connection: ChannelModel;
  /** Ends all of it. */
  stop(): Promise<void>;
}

export async function openDoor(): Promise<OpenDoor> {
  const folder = mkdtempSync(path.join(tmpdir(), 'warren-door-'));
  const config = {
    data_dir: folder,
    'mqtt.listeners.tcp.default': '127.0.0.1:0',
    'stomp.listeners.tcp.default': '127.0.0.1:0',
    'mqtt.allow_anonymous': true,
  };
  const broker = await startApi({ config });
  const clientProperties = { connection_name: 'billing-worker' };
  const connection = await amqplib.connect(broker.url, { clientProperties });
  const stop = async (): Promise<void> => {
    await connection.close();
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { broker, folder, connection, stop };
}
