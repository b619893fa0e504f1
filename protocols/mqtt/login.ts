/**
 * Login: who a CONNECT comes from and which vhost it means. In this order: `vhost:user`, split at
 * the last colon as RabbitMQ does; its runtime parameters `mqtt_default_vhosts` for certificates
 * and `mqtt_port_to_vhost_mapping`; the configured vhost. Whether it is true is the engine's
 * business.
 */
import type { LoginVerdict } from '../../src/auth/authenticator.ts';
import { certificateName } from '../../src/auth/certificate-name.ts';
import { decided } from '../../src/auth/undecided.ts';
import type { Broker } from '../../src/broker/broker.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import { isJsonObject } from '../../src/broker/json.ts';
import type { Session, SessionHolder } from '../../src/broker/session.ts';
import type { Client } from '../../src/server/protocol.ts';
import type { MqttOptions } from './options.ts';
import type { Connect } from './packets.ts';
import { MqttError, REASON } from './reason-codes.ts';

interface Credentials {
  readonly username: string;
  /** null if a certificate proves the name. */
  readonly password: string | null;
  readonly vhost: string | null;
}

/** @throws MqttError BAD_USER_OR_PASSWORD, NOT_AUTHORIZED, CLIENT_ID_NOT_VALID */
export async function logIn(
  { packet }: Connect,
  client: Client,
  broker: Broker,
  options: MqttOptions,
  holder: SessionHolder,
): Promise<Session> {
  const { username, password, vhost } = credentialsOf(packet, client, broker, options);
  const meant = vhost ?? mappedVhost(client, broker) ?? options.vhost;
  const claim = { protocol: 'mqtt', username, password, peer: client };
  const login = { ...claim, vhost: meant, clientId: holder.variables?.get('client_id') ?? '' };
  // Most backends answer at once.
  const asked = broker.authenticate(login);
  const verdict: LoginVerdict = asked instanceof Promise ? await asked : asked;
  if (typeof verdict === 'string') {
    throw new MqttError(REASON.BAD_USER_OR_PASSWORD, `login of '${username}' refused: ${verdict}`);
  }
  try {
    return await decided(() => broker.openSession(verdict, meant, protocolOf(packet), holder));
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    throw new MqttError(REASON.NOT_AUTHORIZED, error.message);
  }
}

/**
 * The client identifier that a certificate demands, null if none does.
 * @throws MqttError NOT_AUTHORIZED if it has none, CLIENT_ID_NOT_VALID if the client has chosen
 * another one
 */
export function certifiedId(given: string, client: Client, options: MqttOptions): string | null {
  const certificate = client.tls?.certificate;
  const rule = options.certificateClientId;
  if (rule === null || !certificate) return null;
  const demanded = certificateName(certificate, rule);
  if (demanded === null) {
    throw new MqttError(REASON.NOT_AUTHORIZED, `the certificate has no ${rule.from}`);
  }
  if (given === '' || given === demanded) return demanded;
  const text = `the certificate is for client identifier '${demanded}'`;
  throw new MqttError(REASON.CLIENT_ID_NOT_VALID, text);
}

/** As RabbitMQ's metrics name it. */
function protocolOf({ protocolVersion }: Connect['packet']): string {
  if (protocolVersion === 5) return 'mqtt50';
  return protocolVersion === 3 ? 'mqtt310' : 'mqtt311';
}

function credentialsOf(
  { username, password }: Connect['packet'],
  client: Client,
  broker: Broker,
  options: MqttOptions,
): Credentials {
  if (username !== undefined) {
    const colon = username.lastIndexOf(':');
    const vhost = colon < 0 ? null : username.slice(0, colon);
    return { username: username.slice(colon + 1), password: String(password ?? ''), vhost };
  }
  const certificate = client.tls?.certificate;
  if (options.certificateLogin && certificate) {
    const name = broker.authentication.certificateName(certificate);
    if (name !== null) return { username: name, password: null, vhost: null };
    throw new MqttError(REASON.NOT_AUTHORIZED, 'the certificate names no user');
  }
  const { anonymous } = options;
  if (anonymous !== null && password === undefined) return { ...anonymous, vhost: null };
  throw new MqttError(REASON.BAD_USER_OR_PASSWORD, 'a user name is needed');
}

function mappedVhost(client: Client, broker: Broker): string | null {
  const { global } = broker.parameters;
  const certificate = client.tls?.certificate;
  const byCertificate = global.get('mqtt_default_vhosts');
  if (certificate && isJsonObject(byCertificate)) {
    const vhost = byCertificate[certificate.subject];
    if (typeof vhost === 'string') return vhost;
  }
  const byPort = global.get('mqtt_port_to_vhost_mapping');
  const vhost = isJsonObject(byPort) ? byPort[String(client.localPort)] : undefined;
  return typeof vhost === 'string' ? vhost : null;
}
