/**
 * WebhookAccess: the webhooks of one vhost, for the user of one session. Whoever makes one owns it,
 * and has to be allowed to read from its queue; administrators see those of others, and may stop
 * and delete them. Checks, then proposes catalog commands. Secrets are made here, and told once.
 */
import { randomBytes } from 'node:crypto';
import { decided } from '../auth/undecided.ts';
import { WEBHOOK_ROTATION_MS, WEBHOOKS_MAX } from '../limits-webhook.ts';
import type { Broker } from './broker.ts';
import { BrokerError } from './errors.ts';
import type { Session } from './session.ts';
import type { WebhookRecord, WebhookSecret, WebhookSettings, WebhookState } from './webhook.ts';

/** What it needs of the broker. */
type WebhookHost = Pick<Broker, 'webhooks' | 'users' | 'clock' | 'propose'>;

/** What became of a request to make, change or sign anew. */
export interface WebhookChanged {
  readonly record: WebhookRecord;
  readonly isNew: boolean;
  /** A secret that was made for it, to be told now or never. */
  readonly secret: string | null;
}

export class WebhookAccess {
  private readonly broker: WebhookHost;
  private readonly session: Session;

  constructor(broker: WebhookHost, session: Session) {
    this.broker = broker;
    this.session = session;
  }

  /** Those that the user may see. */
  list(): WebhookRecord[] {
    const { vhost } = this.session;
    return [...this.broker.webhooks.all()].filter((one) => {
      return one.vhost === vhost.name && this.sees(one);
    });
  }

  /** @throws BrokerError NOT_FOUND */
  get(name: string): WebhookRecord {
    const { vhost } = this.session;
    const record = this.broker.webhooks.get(vhost.name, name);
    if (record !== undefined && this.sees(record)) return record;
    throw new BrokerError('NOT_FOUND', `no webhook '${name}' in vhost '${vhost.name}'`);
  }

  /**
   * Makes one, or changes one's own.
   * @param headers null keeps those that there are
   * @param secret null keeps it, or makes one
   * @throws BrokerError NOT_FOUND, ACCESS_REFUSED, RESOURCE_LOCKED (queue), NOT_ALLOWED
   */
  async put(
    name: string,
    {
      headers,
      ...settings
    }: Omit<WebhookSettings, 'headers'> & {
      readonly headers: WebhookSettings['headers'] | null;
    },
    secret: string | null,
  ): Promise<WebhookChanged> {
    const { broker, session } = this;
    const { user, vhost } = session;
    await decided(() => session.readableQueue(settings.queue));
    const known = broker.webhooks.get(vhost.name, name);
    if (known === undefined) this.checkNew();
    else if (known.owner !== user.name) {
      throw new BrokerError('ACCESS_REFUSED', `webhook '${name}' is another user's`);
    }
    const made = known === undefined && secret === null ? newSecret() : null;
    const key = secret ?? made;
    const secrets = key === null ? (known?.secrets ?? []) : [{ key, untilMs: null }];
    const record = {
      ...settings,
      headers: headers ?? known?.headers ?? {},
      vhost: vhost.name,
      name,
      owner: user.name,
      secrets,
      state: known?.state ?? 'active',
      createdAtMs: known?.createdAtMs ?? broker.clock.now(),
    } as const;
    await broker.propose({ op: 'webhook.put', record });
    return { record: this.get(name), isNew: known === undefined, secret: made };
  }

  /** Stops and starts it. @throws BrokerError NOT_FOUND */
  async setState(name: string, state: WebhookState): Promise<WebhookRecord> {
    const record = { ...this.get(name), state };
    await this.broker.propose({ op: 'webhook.put', record });
    return record;
  }

  /**
   * Replaces the secret. The one before signs too for a day, so that the target can follow.
   * @param secret null makes one
   * @throws BrokerError NOT_FOUND, ACCESS_REFUSED
   */
  async rotate(name: string, secret: string | null): Promise<WebhookChanged> {
    const { broker, session } = this;
    const known = this.get(name);
    if (known.owner !== session.user.name) {
      throw new BrokerError('ACCESS_REFUSED', `webhook '${name}' is another user's`);
    }
    const made = secret === null ? newSecret() : null;
    const untilMs = broker.clock.now() + WEBHOOK_ROTATION_MS;
    const [current] = known.secrets;
    const before: WebhookSecret[] = current === undefined ? [] : [{ key: current.key, untilMs }];
    const secrets = [{ key: secret ?? (made as string), untilMs: null }, ...before];
    const record = { ...known, secrets };
    await broker.propose({ op: 'webhook.put', record });
    return { record, isNew: false, secret: made };
  }

  /** @throws BrokerError NOT_FOUND */
  async delete(name: string): Promise<void> {
    const { vhost } = this.get(name);
    await this.broker.propose({ op: 'webhook.delete', vhost, name });
  }

  /** It goes on when its maker is not there: somebody that the broker itself knows. */
  private checkNew(): void {
    const { broker, session } = this;
    const { user, vhost } = session;
    if (broker.users.get(user.name) !== user) {
      const text = 'a webhook has to be of a user that the broker itself keeps';
      throw new BrokerError('NOT_ALLOWED', `${text}, which '${user.name}' is not`);
    }
    const there = [...broker.webhooks.all()].filter((one) => one.vhost === vhost.name);
    if (there.length < WEBHOOKS_MAX) return;
    throw new BrokerError('NOT_ALLOWED', `vhost '${vhost.name}' has ${WEBHOOKS_MAX} webhooks`);
  }

  private sees({ owner }: WebhookRecord): boolean {
    const { user } = this.session;
    return owner === user.name || user.tags.has('administrator');
  }
}

/** As many bytes as the signature has [Standard Webhooks, Signature scheme]. */
function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}
