/**
 * PoliciesPage: settings for all queues and exchanges whose names match a pattern, and the limits
 * that operators set over them. Of each kind, the one with the highest priority counts.
 */
import type { PolicyList } from '../../api/policy.ts';
import { PageHead } from '../../parts/page-head.tsx';
import { useVhost } from '../../shell/vhost.ts';
import { AdminTabs } from './admin-tabs.tsx';
import { PolicyPanel } from './policy-panel.tsx';

const LISTS: readonly PolicyList[] = ['policies', 'operator-policies'];

export default function PoliciesPage() {
  const vhost = useVhost();
  return (
    <>
      <PageHead title="Policies" />
      <AdminTabs />
      {LISTS.map((list) => (
        <PolicyPanel key={list} list={list} vhost={vhost} />
      ))}
    </>
  );
}
