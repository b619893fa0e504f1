/**
 * QueuePicker: the name of a queue, completed by the broker while one types: of ten thousand
 * queues only those that match are ever fetched.
 */
import { useEffect, useId, useState } from 'preact/hooks';
import { at, read, withQuery } from '../../api/request.ts';
import { Field } from '../../parts/field.tsx';

interface QueuePickerProps {
  readonly vhost: string;
  readonly value: string;
  readonly onChoose: (name: string) => void;
}

const REST_MS = 200;
const SHOWN = 20;

export function QueuePicker({ vhost, value, onChoose }: QueuePickerProps) {
  const [text, setText] = useState(value);
  const [names, setNames] = useState<readonly string[]>([]);
  const list = useId();
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (vhost === '') return undefined;
    const stopped = new AbortController();
    const timer = setTimeout(() => {
      const query = { page: 1, page_size: SHOWN, name: text, columns: 'name', disable_stats: true };
      read<{ items: readonly { name: string }[] }>(
        withQuery(at`queues/${vhost}`, query),
        stopped.signal,
      ).then(
        ({ items }) => setNames(items.map(({ name }) => name)),
        () => {},
      );
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      stopped.abort();
    };
  }, [vhost, text]);
  const choose = (name: string) => {
    setText(name);
    if (names.includes(name)) onChoose(name);
  };
  return (
    <form
      class="queue-picker"
      onSubmit={(event) => {
        event.preventDefault();
        if (text !== '') onChoose(text);
      }}
    >
      <Field label="Queue">
        <input
          autocomplete="off"
          list={list}
          onInput={(event) => choose(event.currentTarget.value)}
          placeholder="Type the name of a queue"
          spellcheck={false}
          value={text}
        />
      </Field>
      <datalist id={list}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </form>
  );
}
