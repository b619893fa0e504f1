/**
 * VhostForm: adds a virtual host, or changes what is said
 * about one. Its name never changes.
 */
import { useState } from 'preact/hooks';
import { tagsOf, type Vhost } from '../../api/access.ts';
import { at, change } from '../../api/request.ts';
import { Check, Field } from '../../parts/field.tsx';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { TextField } from '../../parts/text-field.tsx';

interface VhostFormProps {
  readonly vhost?: Vhost;
  readonly onClose: () => void;
}

export function VhostForm({ vhost, onClose }: VhostFormProps) {
  const [name, setName] = useState(vhost?.name ?? '');
  const [description, setDescription] = useState(vhost?.description ?? '');
  const [tags, setTags] = useState(tagsOf(vhost?.tags).join(', '));
  const [type, setType] = useState(knownType(vhost?.default_queue_type));
  const [tracing, setTracing] = useState(vhost?.tracing ?? false);
  const submit = () =>
    change('PUT', at`vhosts/${name}`, {
      description,
      tags: tags
        .split(',')
        .map((tag) => tag.trim())
        .filter(Boolean)
        .join(','),
      default_queue_type: type,
      tracing,
    });
  return (
    <FormDialog
      done={vhost ? `Changed ${name}.` : `Added ${name}.`}
      onClose={onClose}
      onSubmit={submit}
      title={vhost ? `Change ${vhost.name}` : 'Add a virtual host'}
      verb={vhost ? 'Save' : 'Add virtual host'}
    >
      <TextField
        autofocus={vhost === undefined}
        disabled={vhost !== undefined}
        label="Name"
        onChange={setName}
        required
        value={name}
      />
      <TextField label="Description" onChange={setDescription} value={description} />
      <div class="form-row">
        <TextField hint="Separated by commas" label="Tags" onChange={setTags} value={tags} />
        <Field hint="Of queues that do not say" label="Default queue type">
          <select onChange={(event) => setType(event.currentTarget.value)} value={type}>
            <option value="classic">classic</option>
            <option value="quorum">quorum</option>
            <option value="stream">stream</option>
          </select>
        </Field>
      </div>
      <Check
        checked={tracing}
        hint="copies everything to amq.rabbitmq.trace: slow"
        label="Firehose"
        onChange={setTracing}
      />
    </FormDialog>
  );
}

/** Older brokers give the name of a module. */
function knownType(type: string | undefined): string {
  return ['quorum', 'stream'].find((one) => type?.includes(one)) ?? 'classic';
}
