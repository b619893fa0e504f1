import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import {
  barriers,
  ConsoleRig,
  overflowing,
  PATIENCE_MS,
  type WatchedPage,
} from '../support/console-rig.ts';
import { DemoTraffic } from '../support/demo-traffic.ts';

/** A folder that pictures of every page are left in, for people to judge. */
const SHOTS = process.env.WARREN_UI_SHOTS;

const PAGES = [
  '/',
  '/queues',
  '/queues/%2F/orders.new',
  '/exchanges',
  '/exchanges/%2F/orders',
  '/connections',
  '/channels',
  '/consumers',
  '/messages',
  '/trace',
  '/topology',
  '/playground',
  '/nodes',
  '/users',
  '/users/guest',
  '/vhosts',
  '/vhosts/%2F',
  '/policies',
  '/limits',
  '/definitions',
  '/parameters',
  '/feature-flags',
];

let rig: ConsoleRig;
let demo: DemoTraffic;

beforeAll(async () => {
  rig = await ConsoleRig.start();
  demo = await DemoTraffic.start(rig.ports);
}, 60_000);

afterEach(() => rig?.calm());

afterAll(async () => {
  await demo?.stop();
  await rig?.stop();
});

async function picture(page: WatchedPage, where: string, how: string): Promise<void> {
  if (SHOTS === undefined) return;
  mkdirSync(SHOTS, { recursive: true });
  const name =
    where
      .replace(/%2F/g, '_')
      .replace(/[^\w.-]+/g, '-')
      .replace(/^-/, '') || 'overview';
  await page.screenshot({ path: path.join(SHOTS, `${name}.${how}.png`) });
}

/** Every page in one window, one after the other, as a person walks through them. */
async function walk(
  theme: 'dark' | 'light',
  width: number,
  look: (page: WatchedPage, where: string) => Promise<string[]>,
): Promise<string[]> {
  // So high that nothing is half behind the bar at the bottom, where axe takes it for too small.
  const page = await rig.visit('/', { theme, width, height: width < 500 ? 2600 : 900 });
  const found: string[] = [];
  let before = '';
  for (const where of PAGES) {
    await page.goto(`${rig.url}#${where}`);
    before = await arrived(page, before);
    const waiting = page.locator('.skeleton, .spinner');
    await expect.poll(() => waiting.count(), { timeout: PATIENCE_MS }).toBe(0);
    if (SHOTS !== undefined) await page.waitForTimeout(2500);
    await picture(page, where, `${theme}-${width}`);
    found.push(...(await look(page, where)).map((one) => `${where}: ${one}`));
  }
  return found;
}

/**
 * Waits until another page is there: with a heading, after which the browser's tab is named.
 * @returns the heading
 */
async function arrived(page: WatchedPage, before: string): Promise<string> {
  const heading = page.getByRole('heading', { level: 1 }).first();
  let now = '';
  const isThere = async (): Promise<boolean> => {
    now = (await heading.textContent()) ?? '';
    return now !== before && (await page.title()).startsWith(now);
  };
  await expect.poll(isThere, { timeout: PATIENCE_MS, message: `after ${before}` }).toBe(true);
  return now;
}

testWithChromium(
  'every page is there, and axe finds no barrier, in the light',
  async () => {
    expect(await walk('light', 1440, barriers)).toEqual([]);
  },
  120_000,
);

testWithChromium(
  'nor in the dark on a phone, where nothing stands out at the side',
  async () => {
    const look = async (page: WatchedPage) => [
      ...(await barriers(page)),
      ...(await overflowing(page)),
    ];
    expect(await walk('dark', 360, look)).toEqual([]);
  },
  120_000,
);
