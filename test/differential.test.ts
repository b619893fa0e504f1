/**
 * The scripts of differential/cases against Warren: every step has to be answered as it is recorded
 * there, which is as RabbitMQ 4.0 answers unless the step names a deliberate difference. The
 * recordings are facts about RabbitMQ, so none has to run; record.ts asks the real ones again.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Player } from './differential/player.ts';
import { answersOf, parseScript, printScript, type ScriptCase } from './differential/script.ts';
import { type Target, warrenTarget } from './differential/targets.ts';
import { Scratch } from './support/scratch.ts';

const FOLDER = join(import.meta.dirname, 'differential', 'cases');
const README = join(import.meta.dirname, '..', 'protocols', 'README.md');

vi.setConfig({ testTimeout: 60_000 });

const sources = readdirSync(FOLDER).map((file) => [file, readFileSync(join(FOLDER, file), 'utf8')]);
const scripts = sources.map(([file, source]) => [file, parseScript(source!)] as const);
const steps = scripts.flatMap(([, { cases }]) => cases.flatMap((one) => one.steps));

let warren: Target;
beforeAll(async () => {
  warren = await warrenTarget();
});
afterAll(() => warren.stop());

describe.each(scripts)('%s', (_, { cases }) => {
  test.each(cases.map((one) => [one.title, one] as const))('%s', async (_title, one) => {
    const scratch = new Scratch();
    const player = new Player(warren, scratch);
    const played = await player.play(one.steps, (step) => answersOf(step, 'warren').length);
    await scratch.clean(`amqp://guest:guest@${warren.host}:${warren.port}`);
    const answers = one.steps.map(({ lines, line }, index) => {
      return [`line ${line}`, ...lines, ...played[index]!];
    });
    expect(answers).toEqual(recorded(one));
  });
});

function recorded({ steps }: ScriptCase): string[][] {
  return steps.map((step) => [`line ${step.line}`, ...step.lines, ...answersOf(step, 'warren')]);
}

test('There are two hundred steps and more.', () => {
  expect(steps.length).toBeGreaterThan(200);
});

test('Warren answers as RabbitMQ 4.0 does, or the step says why not.', () => {
  const differing = steps.filter((step) => {
    return `${answersOf(step, 'warren')}` !== `${answersOf(step, '4.0')}`;
  });
  const explained = steps.filter(({ why }) => why !== null);
  expect(differing.map(({ lines }) => lines)).toEqual(explained.map(({ lines }) => lines));
});

test('Every reason is given in protocols/README.md, and none there is without a step.', () => {
  const chapter = readFileSync(README, 'utf8').split(/^## /m).find(isOurs);
  const given = chapter!.matchAll(/^\| `([a-z0-9-]+)` \|/gm);
  const used = new Set(steps.flatMap(({ why }) => why ?? []));
  expect([...used].sort()).toEqual([...given].map(([, key]) => key).sort());
});

function isOurs(chapter: string): boolean {
  return chapter.startsWith('AMQP 0-9-1: where Warren differs');
}

test('The scripts are printed as they were written, so that recording changes answers only.', () => {
  for (const [, source] of sources) expect(printScript(parseScript(source!))).toBe(source);
});
