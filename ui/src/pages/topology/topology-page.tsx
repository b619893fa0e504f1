/**
 * TopologyPage: a page of its own, still empty.
 * Its route is in routes.ts.
 */
import { PageHead } from '../../parts/page-head.tsx';

export default function TopologyPage() {
  return <PageHead title="Topology" />;
}
