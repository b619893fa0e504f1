/**
 * HashSlots: a fixed number of slots dealt out to members by weighted rendezvous: every member
 * bids for every slot, the best bid has it. So shares follow the weights, a newcomer takes its
 * share from all alike, and what a leaver had is spread over the rest: nothing else moves,
 * whoever leaves, and the order of coming does not matter. Looking up is one read. Hot path: at.
 */
import { hashPair, hashText } from './text-hash.ts';

/** Enough for even shares among tens of members; 100 KiB. A power of two. */
const SLOTS = 8192;

interface Member<T> {
  readonly value: T;
  readonly seed: number;
  readonly weight: number;
}

export class HashSlots<T> {
  private readonly owners: (Member<T> | null)[] = new Array(SLOTS).fill(null);
  /** The owners' bids; the lowest wins. */
  private readonly bids = new Float64Array(SLOTS).fill(Number.POSITIVE_INFINITY);
  private readonly members = new Map<T, Member<T>>();

  /** @param name tells members apart, and is the same after a restart */
  add(value: T, name: string, weight: number): void {
    const member = { value, seed: hashText(name), weight };
    this.members.set(value, member);
    for (let slot = 0; slot < SLOTS; slot++) this.bid(slot, member);
  }

  remove(value: T): void {
    const member = this.members.get(value);
    if (member === undefined) return;
    this.members.delete(value);
    for (let slot = 0; slot < SLOTS; slot++) {
      if (this.owners[slot] !== member) continue;
      this.owners[slot] = null;
      this.bids[slot] = Number.POSITIVE_INFINITY;
      for (const other of this.members.values()) this.bid(slot, other);
    }
  }

  /** Whose slot it is; undefined if there are no members. */
  at(hash: number): T | undefined {
    return this.owners[hash & (SLOTS - 1)]?.value;
  }

  /** Exponentially distributed with the weight as its rate, which makes the shares exact. */
  private bid(slot: number, member: Member<T>): void {
    const uniform = (hashPair(member.seed, slot) + 1) / 2 ** 32;
    const bid = -Math.log(uniform) / member.weight;
    const owner = this.owners[slot] as Member<T> | null;
    if (bid > (this.bids[slot] as number)) return;
    if (bid === this.bids[slot] && owner !== null && owner.seed <= member.seed) return;
    this.bids[slot] = bid;
    this.owners[slot] = member;
  }
}
