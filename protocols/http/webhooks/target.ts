/**
 * Target: where a webhook's requests may go. Addresses of private networks and of this machine are
 * refused unless an operator allows them, because a user of the broker could otherwise reach what
 * only the broker's machine can reach. What a name leads to is looked at when connecting, so that
 * a name that changes its mind gets nowhere either.
 */
import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** [RFC 6890] and its successors in IANA's registries; what is not global unicast. */
const PRIVATE_4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
];

/** Among them those that an IPv4 address hides in: mapped, translated, 6to4, Teredo. */
const PRIVATE_6 = [
  ...['::/96', '::ffff:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23'],
  ...['2001:db8::/32', '2002::/16', '3fff::/20', '5f00::/16', 'fc00::/7', 'fe80::/10'],
  ...['fec0::/10', 'ff00::/8'],
];

/** A list for each: a mapped address of the one would be in the list of the other. */
const PRIVATE = { ipv4: listOf(PRIVATE_4, 'ipv4'), ipv6: listOf(PRIVATE_6, 'ipv6') };

function listOf(ranges: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [net, bits] = range.split('/') as [string, string];
    list.addSubnet(net, Number(bits), family);
  }
  return list;
}

/** Is the address nobody's on the internet? */
export function isPrivate(address: string): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  return PRIVATE[family].check(address, family);
}

/** The refusal of a target. */
export class ForbiddenTarget extends Error {
  override readonly name = 'ForbiddenTarget';

  constructor(what: string) {
    super(`${what} is an address of a private network: see webhooks.private_targets`);
  }
}

/** The host of a URL as an address, null if it is a name. */
function addressIn(url: URL): string | null {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(host) === 0 ? null : host;
}

/**
 * Looks at what the URL says itself.
 * @throws ForbiddenTarget
 */
export function checkTarget(url: URL, allowPrivate: boolean): void {
  if (allowPrivate) return;
  const address = addressIn(url);
  if (address !== null && isPrivate(address)) throw new ForbiddenTarget(address);
  if (/^(.*\.)?localhost\.?$/i.test(url.hostname)) throw new ForbiddenTarget(url.hostname);
}

/** Resolves a name as Node does, but to no private address. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      callback(error, '', 0);
      return;
    }
    const open = addresses.filter(({ address }) => !isPrivate(address));
    const [first] = open;
    if (first === undefined) callback(new ForbiddenTarget(hostname), '', 0);
    else if (options.all) callback(null, open);
    else callback(null, first.address, first.family);
  });
};
