/**
 * The options of TLS and of proxies in front: certificates, versions, who has to show a
 * certificate. Part of the table in config-options.ts.
 */
import { list, type SingleOption, single } from './config-option.ts';
import { listeners, webAddress, webListener } from './config-options-network.ts';
import { boolean, milliseconds, oneOf, orInfinity, string } from './config-value.ts';

const TLS = 'TLS and proxies';

const path = string(0, 4096);

/** A listener for WebSocket over TLS may have a certificate of its own: `web_x.ssl.certfile` … */
export type WebTlsOptions<Prefix extends string> = Readonly<
  Record<`${Prefix}.${'cacertfile' | 'certfile' | 'keyfile' | 'password'}`, SingleOption<string>>
>;

/** The rows for it. @param prefix `web_mqtt.ssl` */
export function webTls<Prefix extends string>(
  group: string,
  prefix: Prefix,
): WebTlsOptions<Prefix> {
  const row = (word: string, text: string, secret: boolean) => {
    const option = { group, type: path, default: { sameAs: `ssl_options.${word}` }, text };
    return [`${prefix}.${word}`, single({ ...option, ...(secret && { secret }) })];
  };
  return Object.fromEntries([
    row('cacertfile', 'The authorities that vouch for clients of this listener.', false),
    row('certfile', 'The certificate of this listener.', false),
    row('keyfile', 'The private key of this listener.', false),
    row('password', 'The password of that key.', true),
  ]);
}

/** Is a PROXY header expected on these listeners? */
export function proxyProtocol(group: string, clients: string): SingleOption<boolean> {
  return single({
    group,
    type: boolean,
    default: 'false',
    text:
      `Whether ${clients} come through a proxy that tells their addresses by the PROXY protocol, ` +
      'version 1 or 2 (HAProxy, AWS NLB). Connections without its header are then refused.',
  });
}

export const TLS_OPTIONS = {
  'listeners.ssl': listeners(
    TLS,
    'Where AMQP clients connect with TLS (amqps://), usually port 5671, written as for ' +
      'listeners.tcp. Needs ssl_options.certfile and ssl_options.keyfile.',
    null,
  ),
  'ssl_options.certfile': single({
    group: TLS,
    type: path,
    default: '',
    text:
      'The certificate that TLS clients are shown, with its intermediates, as PEM. It and the ' +
      'other files are read again when they change, and on SIGHUP; who is connected stays so.',
  }),
  'ssl_options.keyfile': single({
    group: TLS,
    type: path,
    default: '',
    text: 'The private key that belongs to the certificate, as PEM.',
  }),
  'ssl_options.password': single({
    group: TLS,
    type: string(0, 4096),
    default: '',
    secret: true,
    text: 'The password of the private key, if it has one.',
  }),
  'ssl_options.cacertfile': single({
    group: TLS,
    type: path,
    default: '',
    text: 'The certificate authorities that vouch for clients, as PEM, any number in one file.',
  }),
  'ssl_options.verify': single({
    group: TLS,
    type: oneOf(['verify_none', 'verify_peer']),
    default: 'verify_none',
    text: 'Whether clients are asked for a certificate; one that is not trusted is refused.',
  }),
  'ssl_options.fail_if_no_peer_cert': single({
    group: TLS,
    type: boolean,
    default: 'false',
    text: 'With verify_peer: whether clients without any certificate are refused, too.',
  }),
  'ssl_options.versions': list({
    group: TLS,
    type: oneOf(['tlsv1.3', 'tlsv1.2', 'tlsv1.1', 'tlsv1']),
    member: 'number',
    default: { 1: 'tlsv1.3', 2: 'tlsv1.2' },
    defaultsReplaced: true,
    none: false,
    text: 'The versions of TLS that clients may use, without gaps. Naming one drops the default.',
  }),
  'ssl_options.ciphers': list({
    group: TLS,
    type: string(1, 255),
    member: 'number',
    default: {},
    defaultsReplaced: true,
    none: false,
    text: "The cipher suites that clients may use, by OpenSSL's names; Node's if none is named.",
  }),
  'ssl_options.honor_cipher_order': single({
    group: TLS,
    type: boolean,
    default: 'true',
    text: 'Whether the order of our cipher suites counts more than that of the client.',
  }),
  'ssl_options.dhfile': single({
    group: TLS,
    type: path,
    default: '',
    text: 'Diffie-Hellman parameters for cipher suites of TLS 1.2 that need them, as PEM.',
  }),
  'ssl_options.client_renegotiation': single({
    group: TLS,
    type: boolean,
    default: 'true',
    text: 'Whether clients of TLS 1.2 may negotiate anew on an open connection, a few times.',
  }),
  'ssl_options.reuse_sessions': single({
    group: TLS,
    type: boolean,
    default: 'true',
    text: 'Whether clients that come back may skip a part of the handshake by session tickets.',
  }),
  ssl_handshake_timeout: single({
    group: TLS,
    type: orInfinity(milliseconds(1, 86_400_000)),
    default: '5000',
    text: 'How long the TLS handshake may take.',
  }),
  'web_amqp.ssl.port': webListener(
    TLS,
    ['web_amqp.ssl.listener'],
    'Where AMQP clients connect over WebSocket with TLS (wss://); "none" for nowhere.',
    'none',
  ),
  'web_amqp.ssl.ip': webAddress(TLS, 'web_amqp.ssl.port'),
  ...webTls(TLS, 'web_amqp.ssl'),
  proxy_protocol: proxyProtocol(TLS, 'AMQP clients'),
  'web_amqp.proxy_protocol': proxyProtocol(TLS, 'AMQP clients over WebSocket'),
} as const;
