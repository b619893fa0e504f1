/** bunny, for Ruby, against the broker. */
import { join } from 'node:path';
import { describeForeign } from '../support/foreign-cases.ts';

const SOURCE = join(import.meta.dirname, 'ruby', 'cases.rb');

describeForeign({
  what: 'bunny',
  packages: 'ruby-bunny',
  probe: ['ruby', '-e', "require 'bunny'"],
  command: ['ruby', SOURCE],
  source: SOURCE,
  title: /^test_case '(.+)' do/gm,
});
