/**
 * NodePage: a page of its own, still empty.
 * Its route is in routes.ts.
 */
import { PageHead } from '../../parts/page-head.tsx';

export default function NodePage() {
  return <PageHead title="Node" />;
}
