/**
 * PermissionForm: sets what one user may do in one virtual host. Patterns are regular expressions
 * of whole names; `^$` is nothing, `.*` everything.
 */
import { useState } from 'preact/hooks';
import type { Permission } from '../../api/access.ts';
import { at, change } from '../../api/request.ts';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { TextField } from '../../parts/text-field.tsx';
import { VhostSelect } from '../../parts/vhost-select.tsx';

interface PermissionFormProps {
  /** What is known of it; `configure` is only there if it exists already. */
  readonly permission: Partial<Permission>;
  readonly onClose: () => void;
}

export function PermissionForm({ permission, onClose }: PermissionFormProps) {
  const [user, setUser] = useState(permission.user ?? '');
  const [vhost, setVhost] = useState(permission.vhost ?? '/');
  const [configure, setConfigure] = useState(permission.configure ?? '.*');
  const [write, setWrite] = useState(permission.write ?? '.*');
  const [read, setRead] = useState(permission.read ?? '.*');
  return (
    <FormDialog
      done={`${user} may use ${vhost}.`}
      onClose={onClose}
      onSubmit={() => change('PUT', at`permissions/${vhost}/${user}`, { configure, write, read })}
      title="Permission"
      verb="Save"
    >
      {permission.user === undefined && (
        <TextField autofocus label="User" onChange={setUser} required value={user} />
      )}
      {permission.vhost === undefined && <VhostSelect onChange={setVhost} value={vhost} />}
      <TextField
        hint="What may be declared and deleted"
        label="Configure"
        onChange={setConfigure}
        value={configure}
      />
      <TextField
        hint="What may be published to or bound"
        label="Write"
        onChange={setWrite}
        value={write}
      />
      <TextField hint="What may be consumed from" label="Read" onChange={setRead} value={read} />
      <p class="muted">
        Regular expressions, for example <code>^orders\.</code>; <code>^$</code> is nothing,{' '}
        <code>.*</code> everything.
      </p>
    </FormDialog>
  );
}
