/** Writes config/warren.conf from the option table. A test fails when it is out of date. */
import { writeFileSync } from 'node:fs';
import { sampleFile } from '../src/config-text.ts';

writeFileSync(new URL('../config/warren.conf', import.meta.url), sampleFile());
