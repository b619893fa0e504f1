/**
 * Tests: every *.test.ts under test/, in processes of their own. If TEST_REPORT names a
 * file, the numbers go there as JSON too: .ci/run makes its last line of them.
 */
import { defineConfig } from 'vitest/config';

const report = process.env.TEST_REPORT;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/scrub-bodies.ts'],
    pool: 'forks',
    // Brokers, clients and compilers run beside the tests: more workers would only slow them down.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // What is waited for comes when the machine has time for it.
    expect: { poll: { timeout: 15_000 } },
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
});
