/**
 * Pager: from page to page of a listing. Absent where there is only one. It draws; listing.ts
 * knows the pages.
 */
import { count } from '../format/number.ts';
import { Button } from './button.tsx';
import type { Listing } from './listing.ts';
import './pager.css';

export function Pager({ listing }: { listing: Listing<unknown> }) {
  const { page, pageCount, pageSize, filtered, setPage } = listing;
  if (pageCount <= 1) return null;
  const first = (page - 1) * pageSize + 1;
  const last = Math.min(page * pageSize, filtered);
  return (
    <nav aria-label="Pages" class="pager">
      <span class="num muted">
        {count(first)}–{count(last)} of {count(filtered)}
      </span>
      <Button
        disabled={page <= 1}
        icon="left"
        label="Previous page"
        onClick={() => setPage(page - 1)}
        small
      />
      <span class="num">
        {count(page)} / {count(pageCount)}
      </span>
      <Button
        disabled={page >= pageCount}
        icon="right"
        label="Next page"
        onClick={() => setPage(page + 1)}
        small
      />
    </nav>
  );
}
