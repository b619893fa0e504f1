/** php-amqplib against the broker. */
import { join } from 'node:path';
import { describeForeign } from '../support/foreign-cases.ts';

const SOURCE = join(import.meta.dirname, 'php', 'cases.php');

describeForeign({
  what: 'php-amqplib',
  packages: 'php-amqplib php-cli',
  probe: ['php', '-r', "require_once '/usr/share/php/PhpAmqpLib/autoload.php';"],
  command: ['php', SOURCE],
  source: SOURCE,
  title: /^test_case\('(.+)', function/gm,
});
