/**
 * AdminTabs: the pages of administration that this user may see. What the tags allow is the
 * broker's decision; this only hides what would be refused.
 */
import { type PageTab, PageTabs } from '../../parts/page-tabs.tsx';
import { isAdministrator, isMonitor, isPolicymaker } from '../../session/identity.ts';

export function AdminTabs() {
  const tabs: readonly (PageTab | false)[] = [
    isAdministrator.value && { path: '/users', label: 'Users' },
    { path: '/vhosts', label: 'Virtual hosts' },
    { path: '/policies', label: 'Policies' },
    { path: '/limits', label: 'Limits' },
    isPolicymaker.value && { path: '/parameters', label: 'Parameters' },
    isPolicymaker.value && { path: '/definitions', label: 'Definitions' },
    isMonitor.value && { path: '/feature-flags', label: 'Feature flags' },
  ];
  return <PageTabs label="Administration" tabs={tabs.filter((tab) => tab !== false)} />;
}
