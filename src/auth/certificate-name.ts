/**
 * CertificateName: which user a client certificate speaks for (`ssl_cert_login_from`). That the
 * certificate is genuine is the listener's business: it hands over verified ones only.
 */

/** What of a verified certificate can be a name. */
export interface Certificate {
  /** The distinguished name as RabbitMQ writes it: `CN=client,O=Example,C=NO`. */
  readonly subject: string;
  readonly commonName: string | null;
  /** `DNS:host`, `email:a@b`, `URI:…`, `IP Address:…`, in the order of the certificate. */
  readonly alternativeNames: readonly string[];
}

/** Where to look for it. */
export interface CertificateNameRule {
  readonly from: 'distinguished_name' | 'common_name' | 'subject_alternative_name';
  readonly sanType: 'dns' | 'ip' | 'email' | 'uri';
  /** Which of several of that type; 0 is the first. */
  readonly sanIndex: number;
}

/** What RabbitMQ does unless it is told otherwise. */
export const DISTINGUISHED_NAME: CertificateNameRule = {
  from: 'distinguished_name',
  sanType: 'dns',
  sanIndex: 0,
};

const PREFIXES = { dns: 'DNS:', ip: 'IP Address:', email: 'email:', uri: 'URI:' } as const;

/** The name, null if the certificate has none of that kind. */
export function certificateName(
  certificate: Certificate,
  { from, sanType, sanIndex }: CertificateNameRule,
): string | null {
  if (from === 'distinguished_name') return certificate.subject || null;
  if (from === 'common_name') return certificate.commonName || null;
  const prefix = PREFIXES[sanType];
  const names = certificate.alternativeNames.filter((name) => name.startsWith(prefix));
  return names[sanIndex]?.slice(prefix.length) || null;
}
