/**
 * The broker's stream of events, read with fetch because EventSource cannot say who asks. While
 * it flows, `streaming` is true and nobody polls; when it breaks, polling takes over until it is
 * back.
 */
import { send } from '../api/request.ts';
import { streaming } from './ticker.ts';

const RETRY_MS = 5000;

/** Server-sent events in pieces of text, as they arrive. */
export class EventReader {
  private rest = '';
  private readonly listener: (event: string, data: string) => void;

  constructor(listener: (event: string, data: string) => void) {
    this.listener = listener;
  }

  push(text: string): void {
    const blocks = (this.rest + text).replaceAll('\r\n', '\n').split('\n\n');
    this.rest = blocks.pop() ?? '';
    for (const block of blocks) this.read(block);
  }

  private read(block: string): void {
    let event = 'message';
    const data: string[] = [];
    for (const line of block.split('\n')) {
      if (line.startsWith('event:')) event = line.slice(6).trim();
      else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
    }
    if (data.length > 0) this.listener(event, data.join('\n'));
  }
}

/** Reads one answer to its end. @throws ApiError if it is refused or breaks */
export async function readEvents(
  path: string,
  signal: AbortSignal,
  listener: (event: string, data: unknown) => void,
  opened: () => void = () => {},
): Promise<void> {
  const headers = { accept: 'text/event-stream' };
  const response = await send('GET', path, { headers, signal });
  if (response.body === null) return;
  opened();
  const events = new EventReader((event, data) => listener(event, JSON.parse(data)));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    events.push(value);
  }
}

/** Follows the stream of figures until told to stop. */
export function followStream(listener: (event: string, data: unknown) => void): () => void {
  const stopped = new AbortController();
  void (async () => {
    while (!stopped.signal.aborted) {
      const open = () => {
        streaming.value = true;
      };
      await readEvents('_ui/stream', stopped.signal, listener, open).catch(() => {});
      streaming.value = false;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  })();
  return () => {
    stopped.abort();
    streaming.value = false;
  };
}
