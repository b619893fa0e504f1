/**
 * VhostSelect: the virtual host of something that is being made. Lists are narrowed by the menu in
 * the top bar instead.
 */
import { useResource } from '../live/resource.ts';
import { Field } from './field.tsx';

interface VhostSelectProps {
  readonly value: string;
  readonly onChange: (name: string) => void;
}

export function VhostSelect({ value, onChange }: VhostSelectProps) {
  const { data } = useResource<readonly { readonly name: string }[]>('vhosts?columns=name', true);
  const names = data?.map(({ name }) => name) ?? [value];
  return (
    <Field label="Virtual host">
      <select onChange={(event) => onChange(event.currentTarget.value)} value={value}>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </Field>
  );
}
