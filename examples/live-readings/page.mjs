/** Serves the page and the library it uses. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const port = Number(process.env.PORT ?? 8080);
const stomp = process.env.STOMP_URL ?? 'ws://localhost:15674/ws';

const page = readFileSync(new URL('page.html', import.meta.url), 'utf8');
const bundle = new URL('../bundles/stomp.umd.min.js', import.meta.resolve('@stomp/stompjs'));

const server = createServer((request, response) => {
  if (request.url === '/stomp.js') {
    response.setHeader('Content-Type', 'text/javascript');
    response.end(readFileSync(bundle));
    return;
  }
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(page.replace('STOMP_URL', stomp));
});
server.listen(port, '127.0.0.1', () => {
  console.log(`open http://localhost:${server.address().port}`);
});
