/**
 * TCPWrapper: a TCP socket that looks like the WebSocket that stomp.js asks for, as its guide for
 * Node describes it.
 */
import { connect, type Socket } from 'node:net';

export class TCPWrapper {
  binaryType = 'arraybuffer';
  readyState = 0;
  readonly url = 'tcp://127.0.0.1/';
  onopen: ((event: object) => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((event: object) => void) | null = null;
  onerror: ((event: object) => void) | null = null;
  private readonly socket: Socket;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1', () => {
      this.readyState = 1;
      this.onopen?.({});
    });
    this.socket.on('data', (chunk) => {
      const data = chunk.buffer.slice(chunk.byteOffset, chunk.byteOffset + chunk.byteLength);
      this.onmessage?.({ data: data as ArrayBuffer });
    });
    this.socket.on('error', (error) => this.onerror?.(error));
    this.socket.on('close', () => {
      this.readyState = 3;
      this.onclose?.({ code: 1000, wasClean: true });
    });
  }

  send(data: string | ArrayBuffer): void {
    this.socket.write(typeof data === 'string' ? data : new Uint8Array(data));
  }

  close(): void {
    this.readyState = 2;
    this.socket.end();
  }

  terminate(): void {
    this.socket.destroy();
  }
}
