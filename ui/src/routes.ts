/**
 * Routes: which address shows which page. The paths of lists and of their items are those of
 * RabbitMQ's console, so that bookmarks and links in runbooks lead to the same things here.
 */
import { lazy } from 'preact-iso';

export const ROUTES = [
  { path: '/', page: lazy(() => import('./pages/overview/overview-page.tsx')) },
  { path: '/queues', page: lazy(() => import('./pages/queues/queues-page.tsx')) },
  { path: '/queues/:vhost/:name', page: lazy(() => import('./pages/queue/queue-page.tsx')) },
  { path: '/exchanges', page: lazy(() => import('./pages/exchanges/exchanges-page.tsx')) },
  {
    path: '/exchanges/:vhost/:name',
    page: lazy(() => import('./pages/exchange/exchange-page.tsx')),
  },
  { path: '/connections', page: lazy(() => import('./pages/connections/connections-page.tsx')) },
  {
    path: '/connections/:name',
    page: lazy(() => import('./pages/connection/connection-page.tsx')),
  },
  { path: '/channels', page: lazy(() => import('./pages/connections/channels-page.tsx')) },
  { path: '/channels/:name', page: lazy(() => import('./pages/connection/channel-page.tsx')) },
  { path: '/consumers', page: lazy(() => import('./pages/connections/consumers-page.tsx')) },
  { path: '/messages', page: lazy(() => import('./pages/messages/messages-page.tsx')) },
  { path: '/trace', page: lazy(() => import('./pages/trace/trace-page.tsx')) },
  { path: '/topology', page: lazy(() => import('./pages/topology/topology-page.tsx')) },
  { path: '/playground', page: lazy(() => import('./pages/playground/playground-page.tsx')) },
  { path: '/nodes', page: lazy(() => import('./pages/nodes/nodes-page.tsx')) },
  { path: '/nodes/:name', page: lazy(() => import('./pages/nodes/node-page.tsx')) },
  { path: '/users', page: lazy(() => import('./pages/admin/users-page.tsx')) },
  { path: '/users/:name', page: lazy(() => import('./pages/admin/user-page.tsx')) },
  { path: '/vhosts', page: lazy(() => import('./pages/admin/vhosts-page.tsx')) },
  { path: '/vhosts/:name', page: lazy(() => import('./pages/admin/vhost-page.tsx')) },
  { path: '/policies', page: lazy(() => import('./pages/admin/policies-page.tsx')) },
  { path: '/limits', page: lazy(() => import('./pages/admin/limits-page.tsx')) },
  { path: '/definitions', page: lazy(() => import('./pages/admin/definitions-page.tsx')) },
  { path: '/parameters', page: lazy(() => import('./pages/admin/parameters-page.tsx')) },
  { path: '/feature-flags', page: lazy(() => import('./pages/admin/feature-flags-page.tsx')) },
] as const;
