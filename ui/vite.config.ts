/**
 * The console's build: `ui/` becomes `dist/ui`, static files that any server can serve below any
 * path, each with its compressed forms beside it. `npm run ui` serves the sources instead, and
 * hands `/api` to the broker in WARREN_API.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const broker = process.env.WARREN_API ?? 'http://127.0.0.1:15672';
const output = path.join(import.meta.dirname, '..', 'dist', 'ui');
const proxy = { '/api': { target: broker } };

/** What the broker sends with the page, so that a preview breaks what the broker would break. */
const POLICY =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; " +
  "form-action 'self'; frame-ancestors 'none'";

/** What all pages share, but for what few people ever open. */
const SHARED = /ui\/src\/(api|format|live|session|shell)\/(?!(oauth|palette|find|shortcut-help)\.)/;

/** What is fetched together: libraries, what all pages share, and pages that lead to each other. */
const CHUNKS = [
  { name: 'libraries', test: /node_modules\/(@preact|preact|preact-iso)\//, priority: 3 },
  { name: 'shared', test: SHARED, priority: 2 },
  { name: 'parts', test: /ui\/src\/parts\/(?!chart-canvas)/, priority: 2 },
  { name: 'queues', test: /ui\/src\/pages\/(queue|queues|exchange|exchanges)\//, priority: 1 },
  { name: 'clients', test: /ui\/src\/pages\/(connection|connections)\//, priority: 1 },
  { name: 'tools', test: /ui\/src\/pages\/(messages|trace|playground)\//, priority: 1 },
  { name: 'admin', test: /ui\/src\/pages\/(admin|nodes)\//, priority: 1 },
];

export default defineConfig({
  root: import.meta.dirname,
  // Relative, because the broker may serve the console below management.path_prefix.
  base: './',
  build: {
    outDir: output,
    emptyOutDir: true,
    target: 'es2023',
    // What knows light-dark() and nesting; without this they would be spelt out.
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    // An inlined asset would be a data: address, which the page's policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // One style sheet, and few chunks of code: many small ones compress badly.
    cssCodeSplit: false,
    rolldownOptions: { output: { codeSplitting: { groups: CHUNKS } } },
  },
  plugins: [compress()],
  server: { port: 5173, proxy },
  preview: { port: 5174, proxy, headers: { 'content-security-policy': POLICY } },
});

/** Writes `x.br` and `x.gz` beside every file of text. */
function compress(): Plugin {
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  return {
    name: 'compress',
    apply: 'build',
    async closeBundle() {
      const names = await readdir(output, { recursive: true });
      const texts = names.filter((name) => /\.(html|js|css|svg)$/.test(name));
      const compressOne = async (name: string) => {
        const file = path.join(output, name);
        const bytes = await readFile(file);
        await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes, brotli));
        await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }));
      };
      await Promise.all(texts.map(compressOne));
    },
  };
}
