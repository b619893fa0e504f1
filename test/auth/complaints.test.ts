import { expect, test } from 'vitest';
import { Complaints } from '../../src/auth/complaints.ts';
import { ManualClock } from '../../src/clock.ts';
import { COMPLAINT_INTERVAL_MS } from '../../src/limits-auth.ts';

test('a backend that is down is worth a line a second, however many ask', () => {
  const clock = new ManualClock();
  const lines: string[] = [];
  const note = (text: string): number => lines.push(text);
  const log = { debug: note, info: note, warning: note, error: note };
  const complaints = new Complaints('HTTP', { clock, log });
  for (let i = 0; i < 1000; i++) complaints.about(new Error('down'));
  clock.advance(COMPLAINT_INTERVAL_MS);
  complaints.about(new Error('down'));
  clock.advance(COMPLAINT_INTERVAL_MS);
  complaints.about(new Error('slow'));
  const more = ' (and 999 more since the last such line)';
  expect(lines).toEqual(['HTTP: down', `HTTP: down${more}`, 'HTTP: slow']);
});
