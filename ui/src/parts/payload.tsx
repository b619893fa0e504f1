/**
 * Payload: a message's body as JSON, text, hex or base64, whichever fits it best at first. Takes
 * what the API gives: a text, or base64 where the bytes are no text.
 */
import { useMemo, useState } from 'preact/hooks';
import { bytes as sayBytes } from '../format/bytes.ts';
import { Code } from './code.tsx';
import { Segments } from './segments.tsx';
import './payload.css';

interface PayloadProps {
  readonly payload: string;
  /** As the API says it: `string` or `base64`. */
  readonly encoding: string;
  /** How long the whole body is, if only its beginning is here. */
  readonly wholeBytes?: number;
}

type View = 'JSON' | 'Text' | 'Hex' | 'Base64';

export function Payload({ payload, encoding, wholeBytes }: PayloadProps) {
  const bytes = useMemo(() => bytesOf(payload, encoding), [payload, encoding]);
  const views = useMemo(() => viewsOf(bytes), [bytes]);
  const names = Object.keys(views) as View[];
  const [chosen, setChosen] = useState<View | null>(null);
  const view = chosen !== null && names.includes(chosen) ? chosen : (names[0] as View);
  const cut = wholeBytes !== undefined && wholeBytes > bytes.length;
  return (
    <div class="payload">
      <div class="payload-head">
        <Segments
          label="View as"
          onChange={setChosen}
          options={names.map((name) => [name, name])}
          value={view}
        />
        <span class="num muted">
          {cut
            ? `first ${sayBytes(bytes.length)} of ${sayBytes(wholeBytes)}`
            : sayBytes(bytes.length)}
        </span>
      </div>
      <Code label="Payload" text={views[view]?.() ?? ''} wrap={view !== 'Hex'} />
    </div>
  );
}

function bytesOf(payload: string, encoding: string): Uint8Array {
  if (encoding !== 'base64') return new TextEncoder().encode(payload);
  return Uint8Array.from(atob(payload), (one) => one.charCodeAt(0));
}

/** What the bytes can be shown as, the best first; made only when looked at. */
function viewsOf(bytes: Uint8Array): Partial<Record<View, () => string>> {
  const always = { Hex: () => hexDump(bytes), Base64: () => base64(bytes) };
  const text = textOf(bytes);
  if (text === null) return always;
  const json = jsonOf(text);
  const asText = { Text: () => text, ...always };
  return json === null ? asText : { JSON: () => json, ...asText };
}

function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return [...text].some((one) => one < ' ' && !'\n\r\t'.includes(one)) ? null : text;
  } catch {
    return null;
  }
}

function jsonOf(text: string): string | null {
  if (!/^\s*[[{"]/.test(text)) return null;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}

function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((one) => one.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((one) => (one > 31 && one < 127 ? String.fromCharCode(one) : '·'));
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  ${text.join('')}`);
  }
  return lines.join('\n');
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (const one of bytes) binary += String.fromCharCode(one);
  return btoa(binary);
}
