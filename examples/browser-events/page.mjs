/**
 * Serves the page, and passes what it asks of the broker on with a name and a password, which a
 * page must not know. Who may use the page is this program's business: it lets everybody.
 */
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';

const port = Number(process.env.PORT ?? 8080);
const broker = new URL(process.env.BROKER_URL ?? 'http://guest:guest@localhost:15672');

const page = readFileSync(new URL('page.html', import.meta.url), 'utf8');
const authorization = `Basic ${btoa(`${broker.username}:${broker.password}`)}`;

/** What the page may do, and nothing else. */
const ALLOWED = [
  /^GET \/v1\/vhosts\/%2F\/queues\/orders\/events\?/,
  /^POST \/v1\/vhosts\/%2F\/queues\/orders\/messages:ack$/,
  /^POST \/v1\/vhosts\/%2F\/exchanges\/amq\.default\/messages\?routing_key=orders&/,
];

const server = createServer((incoming, outgoing) => {
  const { method, url, headers } = incoming;
  if (url === '/') {
    outgoing.setHeader('content-type', 'text/html; charset=utf-8');
    outgoing.end(page);
    return;
  }
  if (!ALLOWED.some((pattern) => pattern.test(`${method} ${url}`))) {
    outgoing.writeHead(404).end();
    return;
  }
  const { hostname: host, port: brokerPort } = broker;
  const { origin: _origin, cookie: _cookie, ...passed } = headers;
  const onward = request(
    { host, port: brokerPort, method, path: url, headers: { ...passed, authorization } },
    (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    },
  );
  onward.on('error', () => outgoing.destroy());
  // A page that is closed ends its stream, and the broker takes back what it held.
  outgoing.on('close', () => onward.destroy());
  incoming.pipe(onward);
});
server.listen(port, '127.0.0.1', () => {
  console.log(`open http://localhost:${server.address().port}`);
});
