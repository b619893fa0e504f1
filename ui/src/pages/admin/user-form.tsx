/**
 * UserForm: adds a user, or changes the password and the tags of one. A new user may enter one
 * virtual host from the start, because without that nothing works.
 */
import { useState } from 'preact/hooks';
import { tagsOf, type User } from '../../api/access.ts';
import { at, change } from '../../api/request.ts';
import { Check } from '../../parts/field.tsx';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { TextField } from '../../parts/text-field.tsx';

const TAGS: readonly (readonly [tag: string, says: string])[] = [
  ['administrator', 'everything: users, virtual hosts, permissions'],
  ['monitoring', 'sees all connections and nodes'],
  ['policymaker', 'sets policies and parameters in own virtual hosts'],
  ['management', 'may sign in here, sees own virtual hosts'],
  ['impersonator', 'may set user_id to other names'],
];

interface UserFormProps {
  /** The one to change; none to add one. */
  readonly user?: User;
  readonly onClose: () => void;
}

export function UserForm({ user, onClose }: UserFormProps) {
  const [name, setName] = useState(user?.name ?? '');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [tags, setTags] = useState<readonly string[]>(tagsOf(user?.tags));
  const [enter, setEnter] = useState(true);
  const differ = again !== '' && again !== password ? 'The two passwords differ' : undefined;
  const submit = async () => {
    if (password !== again) throw new Error('The two passwords differ.');
    // Without a new password the old one stays, which the API wants to be told by its hash.
    const kept = { password_hash: user?.password_hash, hashing_algorithm: user?.hashing_algorithm };
    const secret = password !== '' ? { password } : user ? kept : { password_hash: '' };
    await change('PUT', at`users/${name}`, { ...secret, tags: tags.join(',') });
    if (user === undefined && enter) {
      const everything = { configure: '.*', write: '.*', read: '.*' };
      await change('PUT', at`permissions/${'/'}/${name}`, everything);
    }
  };
  return (
    <FormDialog
      done={user ? `Changed ${name}.` : `Added ${name}.`}
      onClose={onClose}
      onSubmit={submit}
      title={user ? `Change ${user.name}` : 'Add a user'}
      verb={user ? 'Save' : 'Add user'}
    >
      <TextField
        autofocus={user === undefined}
        disabled={user !== undefined}
        label="Name"
        onChange={setName}
        required
        value={name}
      />
      <div class="form-row">
        <TextField
          autocomplete="new-password"
          hint={user ? 'Empty: stays as it is' : 'Empty: cannot sign in with a password'}
          label={user ? 'New password' : 'Password'}
          onChange={setPassword}
          type="password"
          value={password}
        />
        <TextField
          autocomplete="new-password"
          error={differ}
          label="Once more"
          onChange={setAgain}
          type="password"
          value={again}
        />
      </div>
      <TagsField onChange={setTags} tags={tags} />
      {user === undefined && (
        <Check
          checked={enter}
          hint="everything in it; can be narrowed afterwards"
          label="May enter the virtual host /"
          onChange={setEnter}
        />
      )}
    </FormDialog>
  );
}

interface TagsFieldProps {
  readonly tags: readonly string[];
  readonly onChange: (tags: readonly string[]) => void;
}

function TagsField({ tags, onChange }: TagsFieldProps) {
  return (
    <fieldset class="group">
      <legend class="field-label">Tags</legend>
      {TAGS.map(([tag, says]) => (
        <Check
          checked={tags.includes(tag)}
          hint={says}
          key={tag}
          label={tag}
          onChange={(on) => onChange(on ? [...tags, tag] : tags.filter((one) => one !== tag))}
        />
      ))}
    </fieldset>
  );
}
