/**
 * TextField: the most common field: one line of text with its label. For other controls, see
 * field.tsx.
 */
import type { InputHTMLAttributes } from 'preact';
import { Field } from './field.tsx';

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
  readonly error?: string;
  readonly type?: 'text' | 'password' | 'number';
  readonly required?: boolean;
  readonly disabled?: boolean;
  readonly autofocus?: boolean;
  readonly placeholder?: string;
  readonly autocomplete?: string;
}

export function TextField({ label, value, onChange, hint, error, ...rest }: TextFieldProps) {
  const attributes = { autocomplete: 'off', ...rest } as InputHTMLAttributes<HTMLInputElement>;
  return (
    <Field error={error} hint={hint} label={label}>
      <input
        {...attributes}
        onInput={(event) => onChange(event.currentTarget.value)}
        spellcheck={false}
        value={value}
      />
    </Field>
  );
}
