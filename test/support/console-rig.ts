/**
 * ConsoleRig: the built console, served by a broker of its own or from anywhere else, in Debian's
 * Chromium by Playwright. Every page is watched: whatever its policy forbids, whatever it asks of
 * others, whatever goes wrong in it, fails the test that looked at it.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import axe from 'axe-core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { startBroker } from '../../src/embed.ts';
import { chromiumPath } from './chromium.ts';
import type { DemoPorts } from './demo-traffic.ts';
import { caller } from './management.ts';

/** What is known of a page besides what it shows. */
export interface WatchedPage extends Page {
  /** What should not have happened on it: checked by `rig.close()` and `calm()`. */
  readonly troubles: string[];
}

export interface RigOptions {
  readonly config?: Readonly<Record<string, string>>;
  /** A console that is served already; the broker's own otherwise. */
  readonly url?: string;
}

/** How a page is looked at. */
export interface LookOptions {
  readonly theme?: 'dark' | 'light';
  readonly width?: number;
  readonly height?: number;
}

const BUILT = path.join(import.meta.dirname, '..', '..', 'dist', 'ui');

/** A window that nobody sees needs no GPU, and must not call home. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/** Rules of WCAG 2.2 AA, as axe knows them. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** How long a page may take on a machine that does other things as well. */
export const PATIENCE_MS = 15_000;

export class ConsoleRig {
  readonly url: string;
  readonly broker: Awaited<ReturnType<typeof startBroker>> | null;
  private readonly browser: BrowserContext;
  private readonly folder: string;
  private readonly pages: WatchedPage[] = [];

  private constructor(
    url: string,
    broker: ConsoleRig['broker'],
    browser: BrowserContext,
    folder: string,
  ) {
    this.url = url;
    this.broker = broker;
    this.browser = browser;
    this.folder = folder;
  }

  /** Starts broker and browser. @throws Error if there is no built console, or no browser */
  static async start(options: RigOptions = {}): Promise<ConsoleRig> {
    if (!existsSync(path.join(BUILT, 'index.html'))) {
      throw new Error('the console is not built: node scripts/setup.cjs');
    }
    if (chromiumPath === null) throw new Error('no Chromium here: apt install chromium');
    const broker = options.url === undefined ? await startOne(options.config) : null;
    const folder = mkdtempSync(path.join(tmpdir(), 'warren-ui-'));
    const browser = await chromium.launchPersistentContext(folder, {
      executablePath: chromiumPath,
      headless: true,
      args: FLAGS,
      viewport: { width: 1440, height: 900 },
    });
    const url = options.url ?? `http://127.0.0.1:${broker?.managementPort}/`;
    return new ConsoleRig(url, broker, browser, folder);
  }

  /** Where its broker listens. */
  get ports(): DemoPorts {
    const portOf = (id: string): number => this.broker?.portOf(id) ?? 0;
    return { amqp: this.broker?.port ?? 0, mqtt: portOf('mqtt'), stomp: portOf('stomp') };
  }

  /** A request to the API that the console talks to. */
  get call(): ReturnType<typeof caller> {
    return caller(Number(new URL(this.url).port));
  }

  /** A new window at an address behind the `#`, with nobody signed in. */
  async open(
    where = '/',
    look: LookOptions = {},
    prepare: (page: Page) => Promise<unknown> = async () => {},
  ): Promise<WatchedPage> {
    const page = Object.assign(await this.browser.newPage(), { troubles: [] as string[] });
    page.setDefaultTimeout(PATIENCE_MS);
    watch(page, this.url);
    this.pages.push(page);
    const { theme = 'light', width = 1440, height = 900 } = look;
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height });
    await prepare(page);
    await page.goto(`${this.url}#${where}`);
    return page;
  }

  /** The same as somebody who has signed in before, in that window. */
  async visit(where = '/', look: LookOptions = {}, as = 'guest:guest'): Promise<WatchedPage> {
    const remembered = `Basic ${Buffer.from(as).toString('base64')}`;
    const page = await this.open(where, look, (one) =>
      one.addInitScript(`sessionStorage.setItem('warren.authorization', '${remembered}')`),
    );
    await page.getByRole('heading', { level: 1 }).waitFor();
    return page;
  }

  /** Closes the windows of a test. @throws if something happened that should not have */
  async calm(): Promise<void> {
    const troubles = this.pages.flatMap((page) => page.troubles);
    for (const page of this.pages.splice(0)) await page.close();
    expect(troubles).toEqual([]);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.broker?.stop();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function startOne(config: RigOptions['config'] = {}) {
  const ports = {
    'management.tcp.port': '127.0.0.1:0',
    'mqtt.listeners.tcp.default': '127.0.0.1:0',
    'stomp.listeners.tcp.default': '127.0.0.1:0',
    collect_statistics_interval: '1000',
  };
  return startBroker({ config: { ...ports, ...config } });
}

/** Fills in the form. */
export async function signIn(page: Page, as = 'guest:guest'): Promise<void> {
  const [name = '', password = ''] = as.split(':');
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation').first().waitFor();
}

/** The part of axe's answer that is told. */
interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly {
    readonly target: readonly string[];
    readonly any: readonly { readonly message: string }[];
  }[];
}

/** What axe objects to, in words that say where. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const run = `axe.run(document, { runOnly: ${JSON.stringify(RULES)} })`;
  const { violations } = (await page.evaluate(run)) as { violations: Violation[] };
  return violations.map(({ id, help, nodes }) => {
    const where = nodes.slice(0, 3).map(({ target, any }) => {
      return `${target.join(' ')} ${any[0]?.message ?? ''}`;
    });
    return `${id}: ${help}: ${where.join(' | ')}`;
  });
}

/** What runs in the page: the elements that reach beyond its right edge, if one has to scroll. */
const OVERFLOWING = `(() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll('body *')]
    .filter((one) => one.getBoundingClientRect().right > width + 1)
    .slice(0, 5)
    .map((one) => one.tagName.toLowerCase() + '.' + one.className);
})()`;

/** Does anything stand out at the sides, so that one has to scroll? Names what does. */
export async function overflowing(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(OVERFLOWING);
}

function watch(page: WatchedPage, url: string): void {
  const { troubles } = page;
  const { origin } = new URL(url);
  page.on('pageerror', (error) => troubles.push(`error: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    // A refusal of the API is a thing that pages expect and show.
    if (message.type() !== 'error' || /^Failed to load resource/.test(text)) return;
    troubles.push(`console: ${text}`);
  });
  page.on('response', (response) => {
    const asked = response.url();
    if (response.status() < 400 || /\/(api|v1)\//.test(asked)) return;
    troubles.push(`${response.status()}: ${asked}`);
  });
  page.on('request', (request) => {
    const asked = request.url();
    if (/^(data|blob):/.test(asked) || new URL(asked).host === new URL(origin).host) return;
    troubles.push(`asked somebody else: ${asked}`);
  });
}
