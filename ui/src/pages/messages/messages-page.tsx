/**
 * MessagesPage: a page of its own, still empty.
 * Its route is in routes.ts.
 */
import { PageHead } from '../../parts/page-head.tsx';

export default function MessagesPage() {
  return <PageHead title="Messages" />;
}
