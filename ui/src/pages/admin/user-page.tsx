/**
 * UserPage: one user: tags, permissions in each virtual host, topic permissions, limits, and the
 * way to change or delete them.
 */

import { useState } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import { tagsOf, type User } from '../../api/access.ts';
import { at, change } from '../../api/request.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { confirm } from '../../parts/confirm.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { navigate } from '../../shell/location.tsx';
import { LimitsPanel } from './limits-panel.tsx';
import { PermissionsPanel } from './permissions-panel.tsx';
import { TopicPermissionsPanel } from './topic-permissions-panel.tsx';
import { UserForm } from './user-form.tsx';

const PARENT = { label: 'Users', href: '#/users' };

export default function UserPage() {
  const { params } = useRoute();
  const { name = '' } = params;
  const { data, error, reload } = useResource<User>(at`users/${name}`);
  const [changing, setChanging] = useState(false);
  if (data === undefined) {
    return (
      <>
        <PageHead parent={PARENT} title={name} />
        {error && <Problem error={error} onRetry={() => void reload()} />}
      </>
    );
  }
  return (
    <>
      <PageHead
        actions={
          <>
            <Button onClick={() => setChanging(true)}>Password and tags</Button>
            <Button icon="trash" kind="danger" onClick={() => remove(name)}>
              Delete user
            </Button>
          </>
        }
        badges={tagsOf(data.tags).map((tag) => (
          <Badge key={tag} tone={tag === 'administrator' ? 'accent' : 'neutral'}>
            {tag}
          </Badge>
        ))}
        parent={PARENT}
        title={name}
      />
      {error && <Problem error={error} />}
      <PermissionsPanel user={name} />
      <TopicPermissionsPanel user={name} />
      <LimitsPanel kind="user" limits={data.limits ?? {}} name={name} />
      {changing && <UserForm onClose={() => setChanging(false)} user={data} />}
    </>
  );
}

function remove(name: string): void {
  confirm({
    title: `Delete ${name}`,
    body: 'The permissions go too, and all connections of this user are closed.',
    verb: `Delete ${name}`,
    typed: name,
    done: `Deleted ${name}.`,
    action: () => change('DELETE', at`users/${name}`),
    after: () => navigate('/users'),
  });
}
