/**
 * TracePage: a page of its own, still empty.
 * Its route is in routes.ts.
 */
import { PageHead } from '../../parts/page-head.tsx';

export default function TracePage() {
  return <PageHead title="Trace" />;
}
