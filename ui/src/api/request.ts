/**
 * Requests to the management API, the only way in which the console talks to a broker. It knows no
 * resource; it adds who asks, and turns every failure into an ApiError that can be shown.
 */

/** Where the API is: beside the page, whatever path prefix the broker has. */
export const API_BASE = new URL('api/', document.baseURI);

/** What the broker, or the way to it, objected. `status` is 0 if there was no answer at all. */
export class ApiError extends Error {
  readonly status: number;
  /** The API's own word, such as `bad_request`. */
  readonly kind: string;

  constructor(status: number, kind: string, reason: string) {
    super(reason);
    this.name = 'ApiError';
    this.status = status;
    this.kind = kind;
  }
}

/** What goes with a request besides its path. */
export interface RequestOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

let authorization: string | null = null;
let expired: () => void = () => {};

/** @param header the Authorization header of all that follows; null for none */
export function authorize(header: string | null): void {
  authorization = header;
}

/** @param listener told when the broker no longer knows who we are */
export function onExpired(listener: () => void): void {
  expired = listener;
}

/** A path with every value encoded: at`queues/${vhost}/${name}`. */
export function at(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return parts.reduce((all, part, index) => {
    return all + encodeURIComponent(values[index - 1] ?? '') + part;
  });
}

/** A path with a query; undefined and '' are left out. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(key, String(value));
  }
  return search.size === 0 ? path : `${path}?${search}`;
}

/** @throws ApiError unless the broker says yes */
export async function send(
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Response> {
  // The second kind keeps older brokers from answering 406 to paths that they do not have.
  const accept = 'application/json, */*;q=0.1';
  const headers: Record<string, string> = { accept, ...options.headers };
  if (authorization !== null) headers.authorization = authorization;
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  const response = await fetch(new URL(path, API_BASE), {
    method,
    headers,
    body: options.body === undefined ? undefined : JSON.stringify(options.body),
    signal: options.signal,
    // Without this the browser would ask for a password with a window of its own.
    credentials: 'omit',
    cache: 'no-store',
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'unreachable', `The broker at ${API_BASE.host} does not answer.`);
  });
  if (response.ok) return response;
  const failure = await failureOf(response);
  if (response.status === 401 && /login failed/i.test(failure.message)) expired();
  throw failure;
}

async function failureOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  try {
    const { error, reason } = JSON.parse(text) as { error?: unknown; reason?: unknown };
    return new ApiError(response.status, String(error ?? ''), sayReason(reason ?? error));
  } catch {
    const status = `${response.status} ${response.statusText}`.trim();
    return new ApiError(response.status, '', text.length > 0 && text.length < 300 ? text : status);
  }
}

/** Reasons are texts, or lists such as `[{"key_missing":"tags"}]`. */
function sayReason(reason: unknown): string {
  return typeof reason === 'string' ? reason : JSON.stringify(reason);
}

/** @throws ApiError */
export async function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send('GET', path, { signal });
  return (await response.json()) as T;
}

/** Sends a change. @returns what the broker answers, undefined if nothing @throws ApiError */
export async function change<T = unknown>(
  method: 'PUT' | 'POST' | 'DELETE' | 'PATCH',
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
): Promise<T | undefined> {
  const response = await send(method, path, { body, headers });
  const text = await response.text();
  return text === '' ? undefined : (JSON.parse(text) as T);
}

/** An error as a sentence, whatever was thrown. */
export function sayError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
