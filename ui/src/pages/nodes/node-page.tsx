/**
 * NodePage: one node of the cluster by its name in the address;
 * what it shows is node-view.tsx.
 */
import { useRoute } from 'preact-iso';
import type { NodeInfo } from '../../api/overview.ts';
import { at } from '../../api/request.ts';
import { useResource } from '../../live/resource.ts';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { NodeView, PARENT } from './node-view.tsx';

export default function NodePage() {
  const { params } = useRoute();
  const { name = '' } = params;
  const { data, error, reload } = useResource<NodeInfo>(at`nodes/${name}`);
  if (data !== undefined) return <NodeView node={data} />;
  return (
    <>
      <PageHead parent={PARENT} title={name} />
      {error && <Problem error={error} onRetry={() => void reload()} />}
    </>
  );
}
