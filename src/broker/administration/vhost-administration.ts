/**
 * VhostAdministration: making, describing and deleting vhosts. Whoever makes one may do everything
 * in it, as in RabbitMQ. Limits of vhosts are parameters: parameter-administration.ts.
 */
import { MAX_NAME_BYTES } from '../../limits.ts';
import { DEFAULT_METADATA, type VhostMetadata } from '../catalog.ts';
import type { VHost } from '../vhost.ts';
import type { AdministrationContext } from './administration.ts';
import type { ParameterAdministration } from './parameter-administration.ts';
import type { PermissionAdministration } from './permission-administration.ts';
import { AdministrationError, noSuchVhost } from './refusal.ts';
import type { UserAdministration } from './user-administration.ts';
import { applyDefaults } from './vhost-defaults.ts';

/** The other administrations: a new vhost comes with limits, users and permissions. */
export interface VhostFurnishings {
  readonly users: UserAdministration;
  readonly permissions: PermissionAdministration;
  readonly parameters: ParameterAdministration;
}

/** What somebody says about a vhost; what is missing stays as it is. */
export interface VhostWish {
  readonly description?: string;
  /** A list, or words with commas between them. */
  readonly tags?: string | readonly string[];
  readonly defaultQueueType?: string;
  readonly tracing?: boolean;
  readonly protectedFromDeletion?: boolean;
}

const QUEUE_TYPES = ['classic', 'quorum', 'stream'];
const EVERYTHING = { configure: '.*', write: '.*', read: '.*' };

export class VhostAdministration {
  private readonly context: AdministrationContext;
  private readonly furnishings: VhostFurnishings;

  constructor(context: AdministrationContext, furnishings: VhostFurnishings) {
    this.context = context;
    this.furnishings = furnishings;
  }

  list(): VHost[] {
    return [...this.context.vhosts.values()];
  }

  /** null if there is no such vhost */
  get(name: string): VHost | null {
    return this.context.vhosts.get(name) ?? null;
  }

  /**
   * Makes a vhost or changes what is said about it.
   * @returns whether it is a new one
   * @throws AdministrationError
   */
  async put(name: string, wish: VhostWish = {}): Promise<boolean> {
    const known = this.get(name);
    const metadata = wished(known?.metadata ?? DEFAULT_METADATA, wish);
    if (known === null) this.checkNew(name);
    await this.context.propose({ op: 'vhost.put', name, metadata });
    const { actor, log } = this.context;
    log.info(`vhost '${name}' ${known === null ? 'created' : 'changed'} by '${actor}'`);
    if (known !== null) return false;
    const { policies } = this.get(name) as VHost;
    await applyDefaults(this.context.vhostDefaults, name, { ...this.furnishings, policies });
    if (this.context.users.get(actor) !== undefined) {
      await this.furnishings.permissions.put(actor, name, EVERYTHING);
    }
    return true;
  }

  /**
   * Deletes a vhost with all that is in it; its connections are closed.
   * @throws AdministrationError if it is not there or protected
   */
  async delete(name: string): Promise<void> {
    const vhost = this.get(name);
    if (vhost === null) throw noSuchVhost(name);
    if (vhost.metadata.protectedFromDeletion) {
      const why = 'because it is protected from deletion';
      throw new AdministrationError(`Refusing to delete virtual host '${name}' ${why}`);
    }
    await this.context.propose({ op: 'vhost.delete', name });
    this.context.log.info(`vhost '${name}' deleted by '${this.context.actor}'`);
  }

  private checkNew(name: string): void {
    const { vhosts, vhostMax } = this.context;
    if (name === '') throw new AdministrationError('vhost name cannot be blank');
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
      throw new AdministrationError(`vhost name is longer than ${MAX_NAME_BYTES} bytes`);
    }
    if (vhosts.size < vhostMax) return;
    const text = `cannot create vhost '${name}': vhost limit of ${vhostMax} is reached`;
    throw new AdministrationError(text);
  }
}

function wished(known: VhostMetadata, wish: VhostWish): VhostMetadata {
  const { tags, defaultQueueType, ...rest } = wish;
  if (defaultQueueType !== undefined && !QUEUE_TYPES.includes(defaultQueueType)) {
    throw new AdministrationError('invalid_queue_type');
  }
  return {
    ...known,
    ...rest,
    ...(defaultQueueType !== undefined && { defaultQueueType }),
    ...(tags !== undefined && { tags: tagList(tags) }),
  };
}

function tagList(tags: string | readonly string[]): string[] {
  const words = typeof tags === 'string' ? tags.split(',') : tags;
  return words.map((word) => word.trim()).filter((word) => word !== '');
}
