/**
 * PlaygroundPage: a page of its own, still empty.
 * Its route is in routes.ts.
 */
import { PageHead } from '../../parts/page-head.tsx';

export default function PlaygroundPage() {
  return <PageHead title="Playground" />;
}
