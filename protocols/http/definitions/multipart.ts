/**
 * Multipart: the one file in a form that a browser uploads [RFC 7578]. Knows no more of forms than
 * that: the management console sends definitions so.
 */

/** The content of the first part that has the field name; null if there is none. */
export function filePart(body: Buffer, contentType: string, field: string): Buffer | null {
  const boundary = /boundary="?([^";]{1,70})"?/i.exec(contentType)?.[1];
  if (boundary === undefined) return null;
  const delimiter = Buffer.from(`--${boundary}`);
  let at = body.indexOf(delimiter);
  while (at >= 0) {
    const start = at + delimiter.length;
    const next = body.indexOf(delimiter, start);
    if (next < 0) return null;
    const part = body.subarray(start, next);
    const headEnd = part.indexOf('\r\n\r\n');
    if (headEnd >= 0) {
      const head = part.subarray(0, headEnd).toString('latin1');
      const name = /content-disposition:[^\r\n]*[; ]name="?([^";\r\n]*)"?/i.exec(head)?.[1];
      // The line end before the delimiter belongs to the delimiter.
      if (name === field) return part.subarray(headEnd + 4, part.length - 2);
    }
    at = next;
  }
  return null;
}
