/**
 * EventStream: one reader of Server-Sent Events [HTML, 9.2], as a consumer of the engine. It takes
 * messages as long as it has credit and its socket is not behind; a reader that stops reading is
 * given up after a while. What is not acknowledged when it ends goes back. Hot path: take.
 */
import type { ServerResponse } from 'node:http';
import type { Delivery } from '../../../src/broker/delivery.ts';
import type { CancelReason, Consumer, Subscription } from '../../../src/broker/subscription.ts';
import type { ChannelDescription, Traffic } from '../../../src/broker/traffic.ts';
import type { Timer } from '../../../src/clock.ts';
import {
  HTTP_STREAM_BEAT_MS,
  HTTP_STREAM_STALL_MS,
  OUTBOX_HIGH_WATER_BYTES,
} from '../../../src/limits.ts';
import type { OpenConnection } from '../../../src/server/connections.ts';
import type { Description, Registered } from '../../../src/server/protocol.ts';
import { heldEvent } from './event-form.ts';
import { HttpPeer } from './http-peer.ts';
import { heldMessage } from './message-json.ts';
import { KIND_OF_CANCEL } from './polled-queue.ts';
import { type ProblemKind, STATUS_OF_KIND } from './problem.ts';
import type { SessionGuest, SharedSession } from './session-pool.ts';

/** As operators see it. */
const PROTOCOL = 'HTTP events';

/** What a reader asks for. */
export interface StreamOptions {
  readonly queue: string;
  /** Messages that it may have and not have acknowledged. */
  readonly credit: number;
  /** Messages count as acknowledged when the socket has taken them. */
  readonly autoAck: boolean;
  readonly encoding: 'auto' | 'base64';
  readonly format: 'message' | 'cloudevents';
}

export class EventStream implements Consumer, SessionGuest, Registered {
  private readonly shared: SharedSession;
  private readonly raw: ServerResponse;
  private readonly options: StreamOptions;
  private readonly traffic: Traffic;
  private readonly subscription: Subscription;
  private readonly peer: HttpPeer;
  private entry: OpenConnection | null = null;
  private readonly roomy = (): void => this.subscription.resume();
  /** Tokens of what it has been sent; with autoAck, of what the socket has not taken yet. */
  private readonly held = new Set<string>();
  private beat: Timer | null = null;
  private stalledMs = 0;
  private over = false;

  /** @throws BrokerError as Session.subscribe() */
  constructor(shared: SharedSession, raw: ServerResponse, options: StreamOptions) {
    this.shared = shared;
    this.raw = raw;
    this.options = options;
    const socket = raw.req.socket;
    const { session } = shared;
    this.peer = new HttpPeer(socket, null, () => raw.destroy());
    const channel = { number: shared.nextNumber(), describe: () => this.describeChannel() };
    this.traffic = session.openTraffic(channel);
    const tag = `http.events.${socket.remotePort ?? 0}`;
    const wishes = { tag, prefetch: options.credit, traffic: this.traffic };
    try {
      this.subscription = session.subscribe(options.queue, this, wishes);
    } catch (error) {
      session.closeTraffic(this.traffic);
      throw error;
    }
  }

  /** Sends the head of the answer, and then what comes. */
  start(head: Readonly<Record<string, string>>): void {
    const { shared, raw } = this;
    shared.retain();
    shared.watch(this);
    shared.leases.watch(this.roomy);
    this.entry = shared.connections.add(PROTOCOL, this.peer, this);
    this.peer.asks(raw.req.socket, 0);
    raw.once('close', () => this.end());
    raw.on('error', () => {}); // 'close' follows
    raw.on('drain', () => this.drained());
    raw.writeHead(200, {
      ...head,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    // Something at once, so that the client knows that it is connected.
    raw.write('retry: 1000\n\n');
    this.schedule();
    if (raw.destroyed) this.end();
    else this.subscription.resume();
  }

  canTake(): boolean {
    if (this.over || this.shared.leases.full) return false;
    return this.raw.writableLength < OUTBOX_HIGH_WATER_BYTES && !this.raw.destroyed;
  }

  take(delivery: Delivery): void {
    const { raw, options, shared } = this;
    const token = shared.leases.add(delivery);
    this.held.add(token);
    const data = JSON.stringify(this.shown(delivery, token));
    const text = `id: ${token}\ndata: ${data}\n\n`;
    this.peer.gets(text.length);
    if (!options.autoAck) {
      raw.write(text);
      this.forgetSettled();
      return;
    }
    raw.write(text, (error) => {
      // What the socket has not taken goes back when the stream ends.
      if (error || !this.held.delete(token)) return;
      shared.leases.settle(token, 'ack');
    });
  }

  cancelled(reason: CancelReason): void {
    this.goodbye(KIND_OF_CANCEL[reason], `${this.subscription.queue}: ${reason}`);
  }

  sessionEnded(reason: string): void {
    this.held.clear();
    this.goodbye('CONNECTION_FORCED', reason);
  }

  /** An operator closes it. */
  stop(reason: string): void {
    this.goodbye('CONNECTION_FORCED', reason);
  }

  describe(): Description {
    const { session } = this.shared;
    return {
      protocol: PROTOCOL,
      state: this.over ? 'closing' : 'running',
      user: session.user.name,
      vhost: session.vhost.name,
      // Its channel is one of the session's, which is a connection of its own in the list.
      session: null,
      channels: 0,
    };
  }

  private shown(delivery: Delivery, token: string): unknown {
    const { autoAck, encoding, format } = this.options;
    const told = autoAck ? null : token;
    if (format === 'message') return heldMessage(delivery, told, encoding);
    return heldEvent(delivery, told, token, this.shared.session.vhost.name);
  }

  private describeChannel(): ChannelDescription {
    const nothing = { globalPrefetch: 0, unconfirmed: 0, uncommitted: 0, acksUncommitted: 0 };
    const plain = { confirm: false, transactional: false, ...nothing };
    const unacknowledged = this.subscription.unsettled.size;
    return { ...plain, prefetch: this.options.credit, consumers: 1, unacknowledged };
  }

  private drained(): void {
    this.stalledMs = 0;
    this.subscription.resume();
  }

  private schedule(): void {
    this.beat = this.shared.broker.clock.schedule(HTTP_STREAM_BEAT_MS, () => this.look());
  }

  /** A comment keeps proxies from closing what is quiet; who reads nothing is given up. */
  private look(): void {
    const { raw } = this;
    this.stalledMs = raw.writableNeedDrain ? this.stalledMs + HTTP_STREAM_BEAT_MS : 0;
    if (this.stalledMs >= HTTP_STREAM_STALL_MS) {
      raw.destroy();
      this.end();
      return;
    }
    if (!raw.writableNeedDrain) raw.write(': still here\n\n');
    this.schedule();
  }

  /** Acknowledged tokens need not be remembered for ever. */
  private forgetSettled(): void {
    if (this.held.size <= 2 * this.options.credit) return;
    for (const token of this.held) if (!this.shared.leases.has(token)) this.held.delete(token);
  }

  /** Says why nothing more will come, and ends. */
  private goodbye(kind: ProblemKind, detail: string): void {
    if (this.over) return;
    const data = JSON.stringify({ status: STATUS_OF_KIND[kind], kind, detail });
    this.raw.end(`event: end\ndata: ${data}\n\n`);
    this.end();
  }

  private end(): void {
    if (this.over) return;
    this.over = true;
    this.beat?.cancel();
    const { shared } = this;
    shared.unwatch(this);
    shared.leases.unwatch(this.roomy);
    this.subscription.cancel();
    for (const token of this.held) shared.leases.settle(token, 'requeue');
    this.held.clear();
    shared.session.closeTraffic(this.traffic);
    if (this.entry !== null) shared.connections.remove(this.entry);
    shared.release();
  }
}
