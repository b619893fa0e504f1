/** amqp091-go against the broker, compiled from Debian's sources without a network. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeForeign } from '../support/foreign-cases.ts';

const SOURCE = join(import.meta.dirname, 'go', 'cases.go');

describeForeign({
  what: 'amqp091-go',
  packages: 'golang-go golang-github-rabbitmq-amqp091-go-dev',
  probe: ['sh', '-c', 'go version && ls /usr/share/gocode/src/github.com/rabbitmq/amqp091-go'],
  command: ['go', 'run', SOURCE],
  source: SOURCE,
  title: /^\t\{"(.+)", \w+\},$/gm,
  env: {
    GO111MODULE: 'off',
    GOPATH: '/usr/share/gocode',
    GOCACHE: join(tmpdir(), 'warren-go-cache'),
    GOFLAGS: '',
  },
});
