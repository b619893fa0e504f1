/** Celery and kombu against the broker: a worker in a process of its own, and plain messaging. */
import { join } from 'node:path';
import { describeForeign } from '../support/foreign-cases.ts';

const FOLDER = join(import.meta.dirname, 'celery');
const PYTHON = '/usr/bin/python3';

for (const script of ['worker.py', 'messaging.py']) {
  describeForeign({
    what: `Celery and kombu (${script})`,
    packages: 'python3-celery',
    probe: [PYTHON, '-c', 'import celery, kombu'],
    command: [PYTHON, join(FOLDER, script)],
    source: join(FOLDER, script),
    title: /^@case\("(.+)"\)$/gm,
    env: { PYTHONDONTWRITEBYTECODE: '1' },
  });
}
