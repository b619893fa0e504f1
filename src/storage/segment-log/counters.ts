/**
 * Counters: what a segment log has done since it was opened, for metrics. Plain numbers that
 * somebody else reads.
 */

export class Counters {
  /** Messages written, not counting copies that compaction made. */
  written = 0;
  /** Bytes written to disk, of everything. */
  writtenBytes = 0;
  /** Messages that were acked before they had to be written. */
  elided = 0;
  /** Group commits, and the time they took in all. */
  commits = 0;
  commitMs = 0;
  slowestCommitMs = 0;
  syncs = 0;
  failedWrites = 0;
  compactedSegments = 0;
  compactedBytes = 0;
  /** Messages that turned out to be damaged when they were read. */
  damaged = 0;

  /** A commit of so many messages is done. */
  wrote(messages: number, bytes: number, tookMs: number): void {
    this.written += messages;
    this.writtenBytes += bytes;
    this.commits++;
    this.commitMs += tookMs;
    if (tookMs > this.slowestCommitMs) this.slowestCommitMs = tookMs;
  }
}
